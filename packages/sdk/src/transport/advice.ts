/**
 * What to do about the errors of the system that are not over by themselves. All are tried again.
 */
const advice: readonly (readonly [codes: RegExp, advice: string])[] = [
  [
    /^(?:DEPTH_ZERO_SELF_SIGNED_CERT|SELF_SIGNED_CERT_IN_CHAIN|UNABLE_TO_(?:GET_ISSUER|VERIFY_LEAF).*|CERT_UNTRUSTED|INVALID_CA|UnknownIssuer)$/,
    "give the certificate of the authority that signed the server's by the option ca, or by NODE_EXTRA_CA_CERTS",
  ],
  [/^CERT_(?:HAS_EXPIRED|NOT_YET_VALID)$/, "renew the server's certificate, if the clock of this machine is right"],
  [
    /^ERR_TLS_CERT_ALTNAME_INVALID$/,
    "the server's certificate is for another name: check the host of the data plane's URL",
  ],
  [/^CERT_|^ERR_TLS_|^ERR_OSSL|^UNABLE_TO_/, "check the server's certificate"],
  [
    /^EPROTO$|^ERR_SSL_/,
    "the port does not speak TLS, or no version that both know: check the port, or use http:// if it is meant to be plain",
  ],
  [/^HPE_/, "what answers at the port does not speak plain HTTP: check the port, or use https:// if it expects TLS"],
  [/^ENOTFOUND$/, "there is no such name: check the host of the URL, and the DNS of this machine"],
  [/^EAI_/, "the DNS of this machine does not answer: check its network and resolver"],
  [
    /^(?:EACCES|EPERM|ERR_ACCESS_DENIED|NotCapable|PermissionDenied)$/,
    "allow this program to connect: a firewall, a sandbox or its permissions forbid it",
  ],
  [/^ECONNREFUSED$/, "nothing listens there: check host and port, and that the server runs"],
  [
    /^(?:EHOSTUNREACH|ENETUNREACH|ENETDOWN)$/,
    "there is no way to it from this network: check the address, or give a proxy",
  ],
  [
    /^(?:EMFILE|ENFILE)$/,
    "this machine has no file descriptor left: close what is not needed, or raise its limit (ulimit -n)",
  ],
  [/^EADDRNOTAVAIL$/, "this machine has no free port left: close what is not needed"],
];

/** What to do about an error of the system; `undefined` where nothing but patience helps. */
export function adviceFor(code: string | undefined): string | undefined {
  return code === undefined ? undefined : advice.find(([codes]) => codes.test(code))?.[1];
}
