/** A text without the user name and password of each URL in it: findings and claims are read by others. */
export function withoutUsers(text: string): string {
  return text.includes("@") ? text.replace(USER, "$1") : text;
}

const USER = /\b([a-z][a-z0-9+.-]{0,20}:\/\/)[^/?#\s]*@/gi;
