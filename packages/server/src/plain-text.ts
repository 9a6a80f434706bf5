/**
 * Text for a terminal. What clients and destinations wrote may hold control characters, which could
 * move the cursor, colour the screen or hide what comes next: each but tab and line feed becomes
 * U+FFFD.
 */
export function plainText(text: string): string {
  return text.replaceAll(/[^\P{Cc}\n\t]/gu, "\uFFFD");
}
