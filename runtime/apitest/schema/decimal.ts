/** Exact arithmetic on numbers as they are written: 19.99 is 1999 hundredths, not a binary fraction near it. */
export interface Decimal {
  readonly digits: bigint;
  /** Places behind the point; never negative. */
  readonly scale: number;
}

const FORM = /^(-?)(\d+)(?:\.(\d+))?(?:e([+-]?\d+))?$/;

/** Beyond this no test value is made; exponents of a document must not become digits without end. */
const SCALE_MAX = 400;

/** The decimal that a number prints as. */
export const decimalOf = (value: number): Decimal => {
  const match = FORM.exec(String(value));
  if (match === null) return { digits: 0n, scale: 0 };
  const [, sign = "", whole = "0", fraction = "", exponent = "0"] = match;
  const digits = BigInt(`${sign}${whole}${fraction}`);
  const scale = fraction.length - Number(exponent);
  return scale >= 0
    ? { digits, scale }
    : { digits: digits * 10n ** BigInt(Math.min(-scale, SCALE_MAX)), scale: 0 };
};

export const numberOf = ({ digits, scale }: Decimal): number => Number(`${digits}e-${scale}`);

export const plus = (left: Decimal, right: Decimal): Decimal => {
  const scale = Math.max(left.scale, right.scale);
  return { digits: scaled(left, scale) + scaled(right, scale), scale };
};

export const minus = (left: Decimal, right: Decimal): Decimal =>
  plus(left, { digits: -right.digits, scale: right.scale });

export const half = ({ digits, scale }: Decimal): Decimal => ({ digits: digits * 5n, scale: scale + 1 });

/** The largest multiple of `step` that is not above `value`. `step` is positive. */
export const multipleAtMost = (value: Decimal, step: Decimal): Decimal => {
  const scale = Math.max(value.scale, step.scale);
  const units = scaled(step, scale);
  const whole = scaled(value, scale);
  const rest = ((whole % units) + units) % units;
  return { digits: whole - rest, scale };
};

export const isMultiple = (value: Decimal, step: Decimal): boolean =>
  minus(value, multipleAtMost(value, step)).digits === 0n;

const scaled = ({ digits, scale }: Decimal, to: number): bigint => digits * 10n ** BigInt(to - scale);
