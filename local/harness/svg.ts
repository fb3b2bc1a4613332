/* What is drawn here is little, and no browser is there to draw it: the pieces are text. */

/** A rectangle; `inner` stands inside it, such as a title, `more` are further attributes. */
export function box(
  x: number,
  y: number,
  width: number,
  height: number,
  fill: string,
  inner = "",
  more = "",
): string {
  return `<rect x="${x}" y="${y}" width="${width}" height="${height}" fill="${fill}" ${more}>${inner}</rect>`;
}

/** A line of text; `more` are further attributes. */
export function text(x: number, y: number, content: string, more = ""): string {
  return `<text x="${x}" y="${y}" ${more}>${escaped(content)}</text>`;
}

/** Text as SVG takes it. */
export function escaped(content: string): string {
  return content.replaceAll("&", "&amp;").replaceAll("<", "&lt;");
}

/** How far apart the lines of an axis are: 1, 2 or 5 times a power of ten, and no less than asked for. */
export function niceStep(least: number): number {
  const power = 10 ** Math.floor(Math.log10(least));
  return power * ([1, 2, 5].find((factor) => factor * power >= least) ?? 10);
}
