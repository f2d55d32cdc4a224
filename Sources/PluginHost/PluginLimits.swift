/// What one plugin may use. The limits hold for each child process; reaching one costs one call.
package struct PluginLimits: Sendable, Hashable {
    /// The longest that loading, or one call, may take.
    package var time: Duration
    /// Bytes of address space of the child.
    package var memory: Int
    /// Bytes of one answer.
    package var answer: Int

    package init(time: Duration = .seconds(10), memory: Int = 1 << 30, answer: Int = 8 << 20) {
        self.time = time
        self.memory = memory
        self.answer = answer
    }
}
