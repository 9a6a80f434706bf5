/** Whether an answer with this status means that the messages of its request are delivered. */
export function isSuccess(status: number): boolean {
  return status >= 200 && status <= 299;
}
