/* Where a service's bytes are, as a stack: top to bottom, as the union file system has it. Pure. */

const WHERE = {
  "writable-layer": "in the container's writable layer",
  "volume": "on a volume",
  "bind": "in a directory of the host",
  "network": "on a file server",
  "tmpfs": "in the container's memory (tmpfs)",
  "process-memory": "in the process's memory",
  "client": "on this device, sealed in a cookie",
  "redis": "in Redis",
};
const ABOVE = {
  "volume": "volume", "bind": "directory of the host", "network": "file server", "tmpfs": "tmpfs",
  "process-memory": "process memory", "client": "this device", "redis": "Redis",
};
const LONG = /\b([\w-]{8})[\w-]{24,}/g; // a key's or a volume's name that is a digest
const APART = ["client", "redis"];

export function whereabouts({ kind, path, filesystem, source, dies_with: end }) {
  const spot = path ? `: ${path} (${filesystem})` : source ? `: ${source}` : "";
  return `Its bytes are ${WHERE[kind] ?? kind}${spot}; they die with ${end}.`;
}

export const inWords = (kind) => WHERE[kind] ?? kind;

/* [{name, detail, holds, apart}]: `holds` the session's bytes; `apart`: not in the container. */
export function layers({ kind, path, filesystem, source, dies_with: end }) {
  const spot = [path ?? source, filesystem && `(${filesystem})`].filter(Boolean).join(" ").replace(LONG, "$1…");
  const holder = { detail: [spot, `dies with ${end}`].filter(Boolean).join("; "), holds: true };
  const own = { name: "writable layer", detail: "this container's own; nothing of the session" };
  const image = { name: "image layers", detail: "read-only, the same in every replica" };
  if (kind === "writable-layer") return [{ name: "writable layer", ...holder }, image];
  return [{ name: ABOVE[kind] ?? kind, ...holder, apart: APART.includes(kind) }, own, image];
}
