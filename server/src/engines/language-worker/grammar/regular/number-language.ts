import type { CodePoints } from './code-points.ts';
import { type Decimal, isZero } from './decimal.ts';
import type { Language, LanguageSpace } from './language.ts';

export interface Limit {
  readonly at: Decimal;
  readonly exclusive: boolean;
}

interface NumberLimits {
  readonly min: Limit | null;
  readonly max: Limit | null;
  /** How many digits a fraction may have; 0 for whole numbers. */
  readonly fractionDigits: number;
  /** How many digits the whole part may have where no limit says so. */
  readonly wholeDigits: number;
}

const zero: Limit = { at: { negative: false, digits: '0', fraction: '' }, exclusive: false };

/** Decimal texts (no exponent, no negative zero) between two limits, compared digit by digit. */
export function numberLanguage(space: LanguageSpace, limits: NumberLimits): Language {
  const { min, max } = limits;
  const positive = max?.at.negative
    ? space.never
    : magnitude(space, min === null || min.at.negative ? zero : min, max, limits);
  const negativeMin: Limit = max?.at.negative ? flip(max) : { ...zero, exclusive: true };
  const hasNegative = min === null || min.at.negative;
  const negative = hasNegative ? magnitude(space, negativeMin, min && flip(min), limits) : space.never;
  return space.either(positive, space.sequence(space.literal('-'), negative));
}

function flip({ at, exclusive }: Limit): Limit {
  return { at: { ...at, negative: false }, exclusive };
}

function magnitude(space: LanguageSpace, min: Limit, max: Limit | null, limits: NumberLimits): Language {
  const whole = wholeNumbers(space, limits.wholeDigits);
  const digit = digits(space, 0, 9);
  const fraction =
    limits.fractionDigits === 0
      ? space.empty
      : optional(space, space.sequence(space.literal('.'), space.repeat(digit, 1, limits.fractionDigits)));
  return space.both(
    space.sequence(whole, fraction),
    isZero(min.at) && !min.exclusive ? space.all : atLeast(space, min),
    max === null ? space.all : atMost(space, max),
  );
}

/** Whole numbers without zeros in front. */
function wholeNumbers(space: LanguageSpace, maxDigits: number): Language {
  return space.either(
    space.literal('0'),
    space.sequence(digits(space, 1, 9), space.repeat(digits(space, 0, 9), 0, maxDigits - 1)),
  );
}

function atLeast(space: LanguageSpace, { at, exclusive }: Limit): Language {
  const { digits: whole, fraction } = at;
  const digit = digits(space, 0, 9);
  const more = space.repeat(digit, 0, null);
  const anyFraction = optional(space, space.sequence(space.literal('.'), more));
  const longer = space.sequence(digits(space, 1, 9), space.repeat(digit, whole.length, null));
  const above = space.either(longer, comparedDigits(space, whole, 'above', whole.length));
  const notZero = space.sequence(more, digits(space, 1, 9), more);
  const same = space.sequence(
    space.literal('.'),
    space.either(
      comparedDigits(space, fraction, 'above', null),
      space.sequence(space.literal(fraction), exclusive ? notZero : more),
    ),
  );
  return space.either(
    space.sequence(above, anyFraction),
    space.sequence(space.literal(whole), fraction === '' && !exclusive ? optional(space, same) : same),
  );
}

function atMost(space: LanguageSpace, { at, exclusive }: Limit): Language {
  const { digits: whole, fraction } = at;
  const digit = digits(space, 0, 9);
  const more = space.repeat(digit, 0, null);
  const anyFraction = optional(space, space.sequence(space.literal('.'), more));
  const shorter = space.either(
    whole.length > 1 ? space.literal('0') : space.never,
    whole.length > 1
      ? space.sequence(digits(space, 1, 9), space.repeat(digit, 0, whole.length - 2))
      : space.never,
  );
  const below = space.either(shorter, comparedDigits(space, whole, 'below', whole.length));
  const zeros = space.repeat(space.literal('0'), 0, null);
  const cut = Array.from(fraction, (_, length) => space.literal(fraction.slice(0, length))).slice(1);
  const same = space.sequence(
    space.literal('.'),
    space.either(
      comparedDigits(space, fraction, 'below', null),
      ...cut,
      exclusive ? space.never : space.sequence(space.literal(fraction), zeros),
    ),
  );
  // Without a fraction the number equals the limit only if the limit has none either.
  const bare = exclusive && fraction === '' ? space.never : space.empty;
  return space.either(
    space.sequence(below, anyFraction),
    space.sequence(space.literal(whole), space.either(bare, same)),
  );
}

/** Digit texts that differ from the limit's at some place, there being above or below it. */
function comparedDigits(
  space: LanguageSpace,
  limit: string,
  side: 'above' | 'below',
  length: number | null,
): Language {
  const digit = digits(space, 0, 9);
  return space.either(
    ...Array.from(limit, (character, index) => {
      const at = Number(character);
      const differing = side === 'above' ? digits(space, at + 1, 9) : digits(space, 0, at - 1);
      const rest = length === null ? null : length - index - 1;
      return space.sequence(
        space.literal(limit.slice(0, index)),
        differing,
        space.repeat(digit, rest ?? 0, rest),
      );
    }),
  );
}

function digits(space: LanguageSpace, from: number, to: number): Language {
  const set: CodePoints = from > to ? [] : [[0x30 + from, 0x30 + to]];
  return space.characters(set);
}

function optional(space: LanguageSpace, part: Language): Language {
  return space.either(space.empty, part);
}
