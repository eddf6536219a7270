const MOST_FRAMES = 5;

/** Where an error nobody foresaw came from: frames only, since its message, and whatever hangs on it, may quote data. */
export function framesOf(error: unknown): string[] {
  const lines = (error instanceof Error && error.stack?.split('\n')) || [];
  return lines.filter((line) => line.trim().startsWith('at ')).slice(0, MOST_FRAMES);
}
