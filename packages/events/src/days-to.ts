/**
 * Days from 1970-01-01 to a date of the proleptic Gregorian calendar; years count from March, so
 * that the leap day is their last.
 */
export function daysTo(year: number, month: number, day: number): number {
  const y = month > 2 ? year : year - 1;
  const dayOfYear = Math.floor((153 * (month > 2 ? month - 3 : month + 9) + 2) / 5) + day - 1;
  return 365 * y + Math.floor(y / 4) - Math.floor(y / 100) + Math.floor(y / 400) + dayOfYear - 719_468;
}
