/** Figures without contenders. */
export interface Table {
  readonly name: string;
  readonly columns: readonly string[];
  readonly rows: readonly (readonly (string | number)[])[];
  readonly notes?: readonly string[];
}

export function printTable({ name, columns, rows, notes = [] }: Table): void {
  const text = [columns, ...rows].map((row) => row.map(String));
  const widths = columns.map((_, c) => Math.max(...text.map((row) => (row[c] as string).length)));
  console.log(`\n${name}`);
  for (const row of text)
    console.log(
      `  ${row
        .map((cell, c) => cell.padEnd(widths[c] as number))
        .join('  ')
        .trimEnd()}`,
    );
  for (const note of notes) console.log(`  ${note}`);
}
