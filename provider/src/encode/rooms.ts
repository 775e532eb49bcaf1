/** A few rooms that are used again and again: who wants one while all are taken waits for it, first come, first served. */
export class Rooms<Room> {
  readonly #make: () => Room;
  readonly #free: Room[] = [];
  readonly #waiting: ((room: Room) => void)[] = [];
  #left: number;

  /** @param options.count how many there are at the most; they are made when they are first needed. */
  constructor(make: () => Room, options: { readonly count: number }) {
    this.#make = make;
    this.#left = options.count;
  }

  /** To be given back. */
  take(): Room | Promise<Room> {
    const room = this.#free.pop();
    if (room !== undefined) return room;
    if (this.#left === 0) return new Promise((resolve) => this.#waiting.push(resolve));
    this.#left -= 1;
    return this.#make();
  }

  give(room: Room): void {
    const next = this.#waiting.shift();
    if (next === undefined) this.#free.push(room);
    else next(room);
  }
}
