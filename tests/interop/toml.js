// Writes a configuration as TOML. A JSON string is a TOML string too, and so are numbers, booleans and lists.

const value = (v) => {
  if (Array.isArray(v)) return `[${v.map(value).join(', ')}]`;
  if (v !== null && typeof v === 'object') return `{ ${pairs(v).join(', ')} }`;
  return JSON.stringify(v);
};

const pairs = (object) =>
  Object.entries(object)
    .filter(([, v]) => v !== undefined)
    .map(([key, v]) => `${key} = ${value(v)}`);

/** The keys of `object` as lines; tables within are written inline. */
export const toml = (object) => `${pairs(object).join('\n')}\n`;
