/** A decimal number by its digits: `digits` is the whole part, `fraction` has no zeros at its end. */
export interface Decimal {
  readonly negative: boolean;
  readonly digits: string;
  readonly fraction: string;
}

/** The shortest decimal that reads back as the number, without an exponent. */
export function decimalOf(value: number): Decimal {
  const [mantissa = '0', exponent = '0'] = String(Math.abs(value)).split('e');
  const [whole = '0', part = ''] = mantissa.split('.');
  const shift = Number(exponent);
  const all = whole + part;
  const point = whole.length + shift;
  const digits = point <= 0 ? '0' : all.padEnd(point, '0').slice(0, point);
  const fraction = point < 0 ? '0'.repeat(-point) + all : all.slice(point);
  return {
    negative: value < 0,
    digits: digits.replace(/^0+(?=\d)/, ''),
    fraction: fraction.replace(/0+$/, ''),
  };
}

export function isZero({ digits, fraction }: Decimal): boolean {
  return digits === '0' && fraction === '';
}
