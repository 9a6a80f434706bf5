import { type LookupAddress, type LookupAllOptions, lookup as systemLookup } from "node:dns";
import { isIP, type LookupFunction } from "node:net";
import type { buildConnector } from "undici";
import { isPrivateAddress } from "./private-address.ts";
import { BlockedAddressError } from "./send-errors.ts";
import { undici } from "./undici.ts";

/** Finds the addresses of a name; tests give one of their own. */
export type ResolveAll = (
  name: string,
  options: LookupAllOptions,
  found: (error: NodeJS.ErrnoException | null, addresses: LookupAddress[]) => void,
) => void;

/**
 * Connects to public addresses only. It checks the address of the connection, not the name, because
 * a second look-up of a name can return another address. So the check is part of the connection's
 * own look-up, before anything is sent, and is repeated on the open socket, however it was opened.
 *
 * A name with several addresses is refused if one of them is private.
 */
export function guardedConnector(timeout: number, resolve: ResolveAll = systemLookup): buildConnector.connector {
  const lookup: LookupFunction = (name, options, callback) => {
    resolve(name, { ...options, all: true }, (error, addresses) => {
      const blocked = addresses?.find(({ address }) => isPrivateAddress(address));
      const [first] = addresses ?? [];
      if (error !== null || first === undefined) callback(error ?? new Error(`${name} has no address`), "", 0);
      else if (blocked !== undefined) callback(new BlockedAddressError(name, blocked.address), "", 0);
      else if (options.all === true) callback(null, addresses);
      else callback(null, first.address, first.family);
    });
  };
  const connect = undici().buildConnector({ timeout, lookup });

  return (options, callback) => {
    const literal = options.hostname.replace(/^\[(.*)\]$/, "$1");
    // An address in the URL is connected to without a look-up.
    if (isIP(literal) !== 0 && isPrivateAddress(literal)) {
      process.nextTick(callback, new BlockedAddressError(literal, literal), null);
      return;
    }
    connect(options, (...[error, socket]) => {
      if (error !== null) return callback(error, null);
      const address = socket.remoteAddress ?? "";
      if (!isPrivateAddress(address)) return callback(null, socket);
      socket.destroy();
      callback(new BlockedAddressError(options.hostname, address), null);
    });
  };
}
