/** The empty task of the piscina baseline: gives back what it is given. */
export default function echo(payload: unknown): unknown {
  return payload;
}
