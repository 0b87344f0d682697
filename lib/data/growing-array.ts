/** Doubles appended one by one, in storage that doubles when it is full. */
export class GrowingArray {
  #storage = new Float64Array(1024);
  #length = 0;

  push(value: number): void {
    if (this.#length === this.#storage.length) {
      const larger = new Float64Array(2 * this.#length);
      larger.set(this.#storage);
      this.#storage = larger;
    }
    this.#storage[this.#length++] = value;
  }

  /** What was pushed; a view, valid until the next push. */
  get values(): Float64Array {
    return this.#storage.subarray(0, this.#length);
  }
}
