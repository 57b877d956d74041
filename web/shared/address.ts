// Numbers as people read them.

/** A number as people read it: +62 812-3456-7890. Others as they are. */
export function readable(address: string): string {
  const digits = /^\+?(\d{6,15})$/.exec(address)?.[1];
  if (!digits) return address;
  if (!digits.startsWith("62")) return `+${digits}`;
  const rest = digits.slice(2);
  return `+62 ${rest.slice(0, 3)}-${rest.slice(3).replace(/(\d{4})(?=\d{2,})/g, "$1-")}`;
}
