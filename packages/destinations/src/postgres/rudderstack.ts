import type { Translator } from "../rudderstack/translator.ts";

export const translator: Translator = {
  definition: "POSTGRES",

  translate(settings, omit) {
    const part = (key: string) => encodeURIComponent(settings.text(key));
    const login = [part("user"), part("password")].filter(Boolean).join(":");
    const host = settings.text("host");
    const port = settings.text("port");
    const url = `postgres://${login === "" ? "" : `${login}@`}${host}${port === "" ? "" : `:${port}`}/${part("database")}`;
    const mode = settings.text("sslMode");
    const tls = { disable: "off", require: "no-verify", "verify-ca": "verify" }[mode];
    if (mode !== "" && tls === undefined) omit("its sslMode, which is none of disable, require, verify-ca");
    if (mode === "verify-ca" && settings.text("serverCA") !== "") {
      omit("its serverCA: save the certificate as a file and name that file as `ca`");
    }
    for (const key of ["clientCert", "clientKey"]) if (settings.text(key) !== "") omit(`its ${key}`);
    if (settings.isOn("useSSH")) omit("its SSH tunnel");
    for (const key of ["sshHost", "sshPort", "sshUser", "sshPublicKey"]) settings.get(key);
    const namespace = settings.text("namespace");
    const jsonPaths = settings
      .text("jsonPaths")
      .split(",")
      .map((path) => path.trim())
      .filter(Boolean);
    const flags = {
      skipTracks: settings.isOn("skipTracksTable"),
      skipUsers: settings.isOn("skipUsersTable"),
      rudderEvent: settings.isOn("storeFullEvent"),
      underscoreDivideNumbers: settings.isOn("underscoreDivideNumbers"),
    };
    const contextTraits = settings.flag("allowUsersContextTraits");
    return {
      url,
      ...(tls === undefined ? {} : { tls }),
      ...(namespace === "" ? {} : { namespace }),
      ...(jsonPaths.length === 0 ? {} : { jsonPaths }),
      ...(contextTraits === undefined ? {} : { contextTraits }),
      ...Object.fromEntries(Object.entries(flags).filter(([, isSet]) => isSet)),
    };
  },
};
