/** Sleeps that can be ended early; a ring while nobody sleeps ends the next one at once. */
export type Alarm = { ring(): void; sleep(ms: number): Promise<void> };

export function alarm(): Alarm {
  let bell = Promise.withResolvers<void>();
  return {
    ring: () => bell.resolve(),
    async sleep(ms) {
      const timer = setTimeout(bell.resolve, ms);
      await bell.promise;
      clearTimeout(timer);
      bell = Promise.withResolvers();
    },
  };
}
