/** `1 epoch`, `2 epochs`: a count and its noun. @param many the noun in the plural where it takes more than an s */
export const plural = (
  count: number,
  one: string,
  many = `${one}s`,
  show: (count: number) => string = String,
): string => `${show(count)} ${count === 1 ? one : many}`;
