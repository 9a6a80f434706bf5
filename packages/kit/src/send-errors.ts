/**
 * The errors of a sender, by code. `retryable`: the same request may succeed later without any
 * change.
 */
export const sendErrors = {
  PINTLE_TIMEOUT: { retryable: true },
  PINTLE_REQUEST_INVALID: { retryable: false },
  PINTLE_ADDRESS_BLOCKED: { retryable: true },
} as const;

type SendErrorCode = keyof typeof sendErrors;

/** A request whose whole answer did not arrive in time. */
export class TimeoutError extends Error {
  override readonly name = "TimeoutError";
  readonly code: SendErrorCode = "PINTLE_TIMEOUT";
}

/** A request that can never be sent, whatever the network does. */
export class RequestError extends Error {
  override readonly name = "RequestError";
  readonly code: SendErrorCode = "PINTLE_REQUEST_INVALID";
}

/** A request to an address that may not be connected to. */
export class BlockedAddressError extends Error {
  override readonly name = "BlockedAddressError";
  readonly code: SendErrorCode = "PINTLE_ADDRESS_BLOCKED";

  constructor(host: string, address: string) {
    const what = host === address ? address : `${host} is ${address}, which`;
    super(`${what} is no public address, and blockPrivate allows no other`);
  }
}
