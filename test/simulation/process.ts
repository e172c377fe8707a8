import type { Clock } from '../../src/base/clock.js';
import type { World } from './world.js';

/**
 * A thread or a program of the simulation: everything that happens in it comes in through `enter`, its timers included.
 * Paused, it does nothing and what comes waits; dead, it never does anything again.
 */
export class SimProcess {
  readonly name: string;
  readonly clock: Clock;
  isDead = false;
  isPaused = false;
  /** Step of the world in which something last happened here. */
  ranAt = -1;
  private readonly world: World;
  private readonly crashed: (error: unknown) => void;
  private held: (() => void)[] = [];

  /** @param crashed told of what is thrown inside; the process is dead then */
  constructor(world: World, name: string, crashed: (error: unknown) => void) {
    this.world = world;
    this.name = name;
    this.crashed = crashed;
    const { clock } = world;
    this.clock = {
      nowMs: clock.nowMs,
      wallMs: clock.wallMs,
      after: (delayMs, fire) => this.after(delayMs, fire),
      soon: (fire) => void this.after(0, fire),
    };
  }

  /** Let something happen inside, now or once the pause is over. */
  enter(work: () => void): void {
    if (this.isDead) return;
    if (this.isPaused) {
      this.held.push(work);
      return;
    }
    this.ranAt = this.world.steps;
    try {
      work();
    } catch (error) {
      this.isDead = true;
      this.crashed(error);
    }
  }

  pause(): void {
    this.isPaused = true;
  }

  /** Go on: what waited happens now, in its order. */
  resume(): void {
    this.isPaused = false;
    for (const work of this.held.splice(0)) this.world.clock.soon(() => this.enter(work));
  }

  kill(): void {
    this.isDead = true;
    this.held = [];
  }

  private after(delayMs: number, fire: () => void): () => void {
    let isCancelled = false;
    const cancel = this.world.clock.after(delayMs, () => this.enter(() => (isCancelled ? undefined : fire())));
    return () => {
      isCancelled = true;
      cancel();
    };
  }
}
