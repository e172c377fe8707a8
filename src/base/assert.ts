/** Our own mistakes. What the world may do wrong is a HostLinkError instead. @throws Error always a bug of hostlink */
export function assert(condition: unknown, message: string): asserts condition {
  if (!condition) throw new Error(`hostlink bug: ${message}`);
}
