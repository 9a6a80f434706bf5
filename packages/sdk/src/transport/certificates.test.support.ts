/** Certificates for tests, by the program `openssl`: Node makes none. */
import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

export interface Certificate {
  readonly key: string;
  readonly cert: string;
}

export interface Certificates {
  /** A certificate of an authority that nobody knows. */
  readonly ca: string;
  /** A certificate for `localhost`, 127.0.0.1 and ::1, signed by it. */
  readonly good: Certificate;
  /** The same, until a second ago. */
  readonly expired: Certificate;
  /** A certificate for another name. */
  readonly other: Certificate;
  /** Signed by itself. */
  readonly alone: Certificate;
}

export function makeCertificates(): Certificates {
  const folder = mkdtempSync(join(tmpdir(), "pintle-certificates-"));
  const openssl = (...args: readonly string[]): void => {
    execFileSync("openssl", args, { cwd: folder, stdio: ["ignore", "ignore", "pipe"] });
  };
  const read = (file: string): string => readFileSync(join(folder, file), "utf8");
  const key = (name: string): void =>
    openssl("ecparam", "-name", "prime256v1", "-genkey", "-noout", "-out", `${name}.key`);
  try {
    const config = ["[ca]", "default_ca=a", "[a]", "database=index", "serial=serial", "new_certs_dir=.", "policy=p"];
    config.push("default_md=sha256", "unique_subject=no", "[p]", "commonName=supplied", "[local]");
    config.push("subjectAltName=DNS:localhost,IP:127.0.0.1,IP:::1", "[other]", "subjectAltName=DNS:other.example.com");
    writeFileSync(join(folder, "config"), `${config.join("\n")}\n`);
    writeFileSync(join(folder, "index"), "");
    writeFileSync(join(folder, "serial"), "01\n");
    key("ca");
    openssl("req", "-x509", "-new", "-key", "ca.key", "-subj", "/CN=ca", "-days", "2", "-out", "ca.pem");
    const sign = (name: string, names: string, from: string, to: string): Certificate => {
      key(name);
      openssl("req", "-new", "-key", `${name}.key`, "-subj", "/CN=server", "-out", `${name}.csr`);
      const dates = ["-startdate", from, "-enddate", to];
      const files = ["-in", `${name}.csr`, "-out", `${name}.pem`, "-keyfile", "ca.key", "-cert", "ca.pem"];
      openssl("ca", "-batch", "-notext", "-config", "config", "-extensions", names, ...dates, ...files);
      return { key: read(`${name}.key`), cert: read(`${name}.pem`) };
    };
    const [past, recent, future] = ["20200101000000Z", "20210101000000Z", "21000101000000Z"];
    key("alone");
    openssl("req", "-x509", "-new", "-key", "alone.key", "-subj", "/CN=localhost", "-days", "2", "-out", "alone.pem");
    return {
      ca: read("ca.pem"),
      good: sign("good", "local", past, future),
      expired: sign("expired", "local", past, recent),
      other: sign("other", "other", past, future),
      alone: { key: read("alone.key"), cert: read("alone.pem") },
    };
  } finally {
    rmSync(folder, { recursive: true });
  }
}
