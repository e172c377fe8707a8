/** The bytes of an IP address, IPv4 and IPv4-mapped as 4, IPv6 as 16; undefined when it is none. */
function bytesOf(address: string): number[] | undefined {
  const plain = address.replace(/^::ffff:(?=\d+\.)/i, '').replace(/%.*$/, '');
  if (plain.includes('.')) {
    const bytes = plain.split('.').map(Number);
    return bytes.length === 4 && bytes.every((byte) => Number.isInteger(byte) && byte >= 0 && byte < 256)
      ? bytes
      : undefined;
  }
  return wordsOf(plain)?.flatMap((word) => [word >>> 8, word & 0xff]);
}

function wordsOf(address: string): number[] | undefined {
  const halves = address.split('::').map((half) => (half === '' ? [] : half.split(':')));
  const [head = [], tail = []] = halves;
  const missing = 8 - head.length - tail.length;
  if (halves.length > 2 || (halves.length === 1 ? missing !== 0 : missing < 1)) return undefined;
  const texts = halves.length === 1 ? head : [...head, ...Array<string>(missing).fill('0'), ...tail];
  const isWhole = texts.every((text) => /^[0-9a-f]{1,4}$/i.test(text));
  return isWhole ? texts.map((text) => Number.parseInt(text, 16)) : undefined;
}

/**
 * Is `left` the higher of two IP addresses of the same family? Undefined when they cannot be compared, or are equal.
 * @source RFC 1795 section 7.6.7: the DLSw with the higher address closes
 */
export function isHigherAddress(left: string, right: string): boolean | undefined {
  const a = bytesOf(left);
  const b = bytesOf(right);
  if (a === undefined || b === undefined || a.length !== b.length) return undefined;
  const at = a.findIndex((byte, index) => byte !== b[index]);
  return at < 0 ? undefined : a[at]! > b[at]!;
}
