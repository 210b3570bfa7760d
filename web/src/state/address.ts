/** The open thread in the page's address: `#conv_…`. A temporary one leaves no trace there. */

const THREAD = /^#(conv_[A-Za-z0-9_-]+)$/;

export function addressed(hash: string): string | null {
  return THREAD.exec(hash)?.[1] ?? null;
}

export function followTo(id: string | null, temporary: boolean): void {
  const hash = id === null || temporary ? "" : `#${id}`;
  if (location.hash === hash) return;
  const address = hash === "" ? location.pathname + location.search : hash;
  history.pushState(null, "", address);
}
