/**
 * Whether a text fits a list of patterns (ssh_config(5), PATTERNS): `*` and `?` stand for
 * characters, and one negated pattern that fits decides against all others.
 */
export function matchesPatterns(text: string, patterns: readonly string[]): boolean {
  let fits = false;
  for (const pattern of patterns) {
    const negated = pattern.startsWith("!");
    if (!matches(text, negated ? pattern.slice(1) : pattern)) continue;
    if (negated) return false;
    fits = true;
  }
  return fits;
}

/** In time linear in both lengths' product: only the last star is ever gone back to. */
function matches(text: string, pattern: string): boolean {
  let [at, place, star, resume] = [0, 0, -1, 0];
  while (at < text.length) {
    const wanted = pattern[place];
    if (wanted === "*") {
      star = place;
      place += 1;
      resume = at;
    } else if (wanted === "?" || (wanted !== undefined && wanted === text[at])) {
      at += 1;
      place += 1;
    } else if (star >= 0) {
      resume += 1;
      at = resume;
      place = star + 1;
    } else {
      return false;
    }
  }
  return /^\**$/.test(pattern.slice(place));
}
