/**
 * A new UUID v4, by the runtime's own function. Browsers have that only on pages that came by
 * HTTPS; on others the digits are drawn one by one.
 */
export function uuidWeb(): string {
  // To the types it is always there.
  const { randomUUID }: Partial<typeof crypto> = crypto;
  return randomUUID === undefined ? drawn() : crypto.randomUUID();
}

function drawn(): string {
  return "xxxxxxxx-xxxx-4xxx-yxxx-xxxxxxxxxxxx".replace(/[xy]/g, (place) => {
    const digit = crypto.getRandomValues(new Uint8Array(1))[0]! & 0xf;
    return (place === "x" ? digit : 0x8 | (digit & 0x3)).toString(16);
  });
}
