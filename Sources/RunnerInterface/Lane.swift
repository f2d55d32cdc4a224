/// A queue of jobs of its own: so many of them run at once, however many others do.
public struct Lane: Hashable, Sendable {
    /// Equal for targets that share the lane.
    public var name: String
    /// How many jobs run in the lane at once.
    public var slots: Int

    public init(name: String, slots: Int) {
        self.name = name
        self.slots = slots
    }
}
