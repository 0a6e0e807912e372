import { type Decimal, decimalOf } from '../regular/decimal.ts';
import { plainCharacters } from '../regular/emit-automaton.ts';
import type { Language, LanguageSpace } from '../regular/language.ts';
import { type Limit, numberLanguage } from '../regular/number-language.ts';
import { languageRule } from './language-rule.ts';
import type { SchemaContext } from './schema-context.ts';
import { impossible, unsupported } from './schema-error.ts';
import type { Bound, NumberShape } from './shape.ts';

/** What a double holds exactly. */
const exactDigits = 15;
const maxDivisor = 10_000;
const maxWholeDigits = 30;

/** An expression for the numbers of a shape. */
export function numberRule(context: SchemaContext, shape: NumberShape, hint: string): string {
  const { min, max, multiples, integer } = shape;
  if (
    min &&
    max &&
    (min.value > max.value || (min.value === max.value && (min.exclusive || max.exclusive)))
  ) {
    throw impossible(max.pointer, `no number is at most ${max.value} and at least ${min.value}`);
  }
  if (!min && !max && multiples.length === 0) return integer ? 'integer' : 'number';
  const pointer = (multiples[0] ?? max ?? min)?.pointer ?? '';
  return languageRule(context, shapeLanguage(context.space, shape), {
    pointer,
    hint,
    write: plainCharacters,
  });
}

function shapeLanguage(space: LanguageSpace, shape: NumberShape): Language {
  const min = limitOf(shape.min);
  const max = limitOf(shape.max);
  const longest = Math.max(min?.at.digits.length ?? 1, max?.at.digits.length ?? 1);
  const bounds = { min, max, wholeDigits: Math.max(exactDigits, longest) };
  if (shape.multiples.length === 0) {
    return numberLanguage(space, {
      ...bounds,
      fractionDigits: shape.integer ? 0 : fractionDigits(min, max, longest),
    });
  }
  const scaled = shape.multiples.map((bound) => ({ ...scale(bound), pointer: bound.pointer }));
  const places = shape.integer ? 0 : Math.max(...scaled.map(({ places }) => places));
  const forPlaces = (count: number) =>
    space.both(
      numberLanguage(space, { ...bounds, fractionDigits: count }),
      places === 0 ? space.all : exactPlaces(space, count),
      ...scaled.map(({ factor, places: own, pointer }) =>
        multipleLanguage(space, factor, own - count, pointer),
      ),
    );
  return space.either(...Array.from({ length: places + 1 }, (_, count) => forPlaces(count)));
}

/** Digits (behind an optional minus sign) whose value times 10^shift is a multiple of the factor. */
function multipleLanguage(space: LanguageSpace, factor: number, shift: number, pointer: string): Language {
  // value × 10^shift ≡ 0 (mod factor) ⇔ value ≡ 0 (mod factor ÷ gcd(factor, 10^shift)); a negative shift
  // asks for a multiple of factor × 10^-shift.
  const divisor = shift >= 0 ? factor / commonDivisor(factor, 10 ** shift) : factor * 10 ** -shift;
  if (divisor > maxDivisor)
    throw unsupported(pointer, 'too fine or too large a step to be kept to while generating');
  return space.sequence(space.either(space.empty, space.literal('-')), space.multiple(divisor, 0));
}

function scale({ value, pointer }: Bound): { readonly factor: number; readonly places: number } {
  const { digits, fraction } = decimalOf(value);
  const factor = Number(digits + fraction);
  if (fraction.length > 12 || !Number.isSafeInteger(factor)) {
    throw unsupported(pointer, 'too fine or too large a step to be kept to while generating');
  }
  return { factor, places: fraction.length };
}

/** Numbers with exactly so many digits behind the point. */
function exactPlaces(space: LanguageSpace, count: number): Language {
  const point = space.literal('.');
  const other = space.characters([
    [0x2d, 0x2d],
    [0x30, 0x39],
  ]);
  const whole = space.repeat(other, 1, null);
  return count === 0 ? whole : space.sequence(whole, point, space.repeat(other, count, count));
}

function limitOf(bound: NumberShape['min']): Limit | null {
  if (!bound) return null;
  const at: Decimal = decimalOf(bound.value);
  if (at.digits.length > maxWholeDigits || at.fraction.length > maxWholeDigits) {
    throw unsupported(bound.pointer, 'too large or too fine a limit to be kept to while generating');
  }
  return { at, exclusive: bound.exclusive };
}

/** So few digits behind the point that a text strictly inside the limits is strictly inside as a double too. */
function fractionDigits(min: Limit | null, max: Limit | null, wholeDigits: number): number {
  const limits = Math.max(min?.at.fraction.length ?? 0, max?.at.fraction.length ?? 0);
  return Math.max(1, limits, exactDigits - wholeDigits);
}

function commonDivisor(a: number, b: number): number {
  return b === 0 ? a : commonDivisor(b, a % b);
}
