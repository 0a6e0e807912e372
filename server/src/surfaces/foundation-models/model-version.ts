const uuidv7 = /^([0-9a-f]{8})-([0-9a-f]{4})-7/;

/**
 * What answers call the version that made them: the day on which it came to this installation, `DD.MM.YYYY` in UTC,
 * which its id (a UUIDv7, RFC 9562) begins with. Another id is shown as it is.
 */
export function modelVersion(versionId: string): string {
  const time = uuidv7.exec(versionId);
  if (time === null) return versionId;
  const day = new Date(Number.parseInt(`${time[1]}${time[2]}`, 16));
  const two = (value: number) => String(value).padStart(2, '0');
  return `${two(day.getUTCDate())}.${two(day.getUTCMonth() + 1)}.${day.getUTCFullYear()}`;
}
