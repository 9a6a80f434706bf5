import { PintleError, type ResponseErrorCode } from "../errors.ts";

/**
 * What can be wrong with an answer: a part of the table of errors that is loaded with the code for
 * answers.
 */
export const responseErrors: Readonly<
  Record<ResponseErrorCode, { readonly retryable: boolean; readonly advice: string }>
> = {
  PINTLE_MESSAGE_REJECTED: { retryable: false, advice: "correct what the data plane names" },
  PINTLE_SEND_HELD: {
    retryable: true,
    advice: "check the write key and the data plane's URL; messages are kept until maxAge",
  },
  PINTLE_ANSWER_FLAWED: {
    retryable: false,
    advice: "have the data plane, or what stands before it, mend its answers",
  },
};

/** A problem with an answer. */
export function responseError(code: ResponseErrorCode, what: string, status: number): PintleError {
  return new PintleError(code, what, { status, ...responseErrors[code] });
}
