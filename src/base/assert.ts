/** Our own mistakes. What the world may do wrong is a HostLinkError instead. @throws Error always a bug of hostlink */
export function assert(condition: unknown, message: string): asserts condition {
  if (!condition) throw new Error(`hostlink bug: ${message}`);
}

/** For the default branch of a closed union: does not compile while a case is missing. */
export function unreachable(value: never): never {
  throw new Error(`hostlink bug: unexpected ${String(value)}`);
}
