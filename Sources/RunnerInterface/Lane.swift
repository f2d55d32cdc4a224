/// A queue of jobs of its own: so many of them run at once, however many others do.
public struct Lane: Hashable, Sendable {
    public var name: String
    public var slots: Int

    public init(name: String, slots: Int) {
        self.name = name
        self.slots = slots
    }
}
