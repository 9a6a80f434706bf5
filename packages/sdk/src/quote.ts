/** What needs no escape in JSON: printable ASCII but for the quote and the backslash. */
const plain = /^[ !#-[\]-~]*$/;

/** A text as JSON. */
export function quote(value: string): string {
  return plain.test(value) ? `"${value}"` : JSON.stringify(value);
}
