/// The limits of one plugin. They apply to each child process; exceeding one fails the call.
package struct PluginLimits: Sendable, Hashable {
    /// The time limit for loading and for each call.
    package var time: Duration
    /// The limit on the child's address space in bytes.
    package var memory: Int
    /// The size limit of an answer in bytes.
    package var answer: Int

    package init(time: Duration = .seconds(10), memory: Int = 1 << 30, answer: Int = 8 << 20) {
        self.time = time
        self.memory = memory
        self.answer = answer
    }
}
