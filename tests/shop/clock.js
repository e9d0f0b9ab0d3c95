// Sets the shop's clock, which it stamps everything with: the file that SHOP_CLOCK names says by how
// many milliseconds it is ahead of this machine's. Loaded before Medusa; timers keep their pace.
const { readFileSync } = require("node:fs")

const Machine = Date
const now = () => Machine.now() + Number(readFileSync(process.env.SHOP_CLOCK, "utf8"))

globalThis.Date = new Proxy(Machine, {
  construct: (target, parts, made) => Reflect.construct(target, parts.length ? parts : [now()], made),
  apply: () => new Machine(now()).toString(),
  get: (target, name) => (name === "now" ? now : Reflect.get(target, name)),
})
Machine.prototype.constructor = globalThis.Date
