const hour = '(?:[01]\\d|2[0-3])';
const date =
  '(?!0000)(?:\\d{4}-(?:(?:0[13578]|1[02])-(?:0[1-9]|[12]\\d|3[01])|(?:0[469]|11)-(?:0[1-9]|[12]\\d|30)|02-(?:0[1-9]|1\\d|2[0-8]))' +
  '|(?:\\d\\d(?:0[48]|[2468][048]|[13579][26])|(?:[02468][048]|[13579][26])00)-02-29)';
// RFC 3339: the offset is part of the time; leap seconds exist only in announced minutes and are left out.
const time = `${hour}:[0-5]\\d:[0-5]\\d(?:\\.\\d{1,9})?(?:Z|[+-]${hour}:[0-5]\\d)`;
// Bounded part by part, so that the whole stays within the 253 characters of the standard.
const label = '[A-Za-z0-9](?:[A-Za-z0-9-]{0,30}[A-Za-z0-9])?';
const hostname = `${label}(?:\\.${label}){0,6}`;
const octet = '(?:25[0-5]|2[0-4]\\d|1\\d\\d|[1-9]?\\d)';
const ipv4 = `${octet}(?:\\.${octet}){3}`;
const h16 = '[0-9a-fA-F]{1,4}';
const ipv6 = [
  `(?:${h16}:){7}${h16}`,
  `(?:${h16}:){1,7}:`,
  ...[1, 2, 3, 4, 5, 6].map((after) => `(?:${h16}:){1,${7 - after}}(?::${h16}){1,${after}}`),
  `:(?::${h16}){1,7}`,
  '::',
].join('|');
const hex = '[0-9a-fA-F]';
const pathCharacter = "(?:[A-Za-z0-9._~!$&'()*+,;=:@-]|%[0-9a-fA-F]{2})";
const uriTail = `(?:/${pathCharacter}*)*(?:\\?(?:${pathCharacter}|[/?])*)?(?:#(?:${pathCharacter}|[/?])*)?`;
const uri = `[a-zA-Z][a-zA-Z0-9+.-]{0,15}://${label}(?:\\.${label}){0,4}(?::\\d{1,4})?${uriTail}`;

/**
 * What each format of JSON Schema allows, as a pattern; where a standard is wider than any consumer (a mail
 * address with comments), its everyday part. Dates are of the calendar.
 */
export const stringFormats: Readonly<Record<string, string>> = Object.fromEntries(
  Object.entries({
    date,
    time,
    'date-time': `${date}T${time}`,
    duration:
      'P(?:\\d{1,9}W|(?=[\\dT])(?:\\d{1,9}Y(?:\\d{1,9}M(?:\\d{1,9}D)?)?|\\d{1,9}M(?:\\d{1,9}D)?|\\d{1,9}D)?(?:T(?:\\d{1,9}H(?:\\d{1,9}M(?:\\d{1,9}S)?)?|\\d{1,9}M(?:\\d{1,9}S)?|\\d{1,9}S))?)',
    email: `[A-Za-z0-9_+-]{1,20}(?:\\.[A-Za-z0-9_+-]{1,20}){0,2}@(?:${label}\\.){1,4}[A-Za-z]{2,24}`,
    hostname,
    ipv4,
    ipv6,
    uuid: `${hex}{8}-${hex}{4}-${hex}{4}-${hex}{4}-${hex}{12}`,
    ...Object.fromEntries(
      [1, 3, 4, 5, 6, 7, 8].map((version) => [
        `uuid${version}`,
        `${hex}{8}-${hex}{4}-${version}${hex}{3}-[89abAB]${hex}{3}-${hex}{12}`,
      ]),
    ),
    uri,
    url: uri,
    'uri-reference': `(?:${uri}|${uriTail})`,
    base64: '(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?',
    base64url: '[A-Za-z0-9_-]*',
    'json-pointer': '(?:/(?:[^~/]|~[01])*)*',
    regex: '[A-Za-z0-9 _]*',
  }).map(([name, pattern]) => [name, `^(?:${pattern})$`]),
);

/** Formats that say how a value is shown or used, not which texts are allowed. */
export const descriptiveFormats: ReadonlySet<string> = new Set([
  'password',
  'binary',
  'byte',
  'path',
  'file-path',
  'directory-path',
  'json-string',
  'color',
  'phone',
  'textarea',
  'multiline',
  'markdown',
  'html',
  'text',
  'string',
  'int32',
  'int64',
  'float',
  'double',
  'decimal',
]);

/**
 * Patterns that schema libraries write beside a format and that our language of the format lies within
 * (a test proves it), though keeping to both would be too complex.
 */
export const impliedPatterns: ReadonlySet<string> = new Set([
  '^(?=.{1,253}\\.?$)[a-zA-Z0-9](?:[a-zA-Z0-9-]{0,61}[a-zA-Z0-9])?(?:\\.[a-zA-Z0-9](?:[-0-9a-zA-Z]{0,61}[0-9a-zA-Z])?)*\\.?$',
]);
