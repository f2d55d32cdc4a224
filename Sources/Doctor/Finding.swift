/// A requirement of jobs on this machine, and whether it is met.
package struct Finding: Codable, Sendable, Hashable {
    /// Whether the requirement is met.
    package enum State: String, Codable, Sendable {
        case good
        /// Not met, and no job can run without it.
        case missing
        /// Not met, but only some jobs need it.
        case absent
    }

    /// The name of the requirement.
    package var name: String
    /// Whether the requirement is met.
    package var state: State
    /// A description of what was found.
    package var detail: String
    /// How to meet the requirement; nil if it is met or nothing helps.
    package var remedy: String?

    package init(name: String, state: State, detail: String, remedy: String? = nil) {
        self.name = name
        self.state = state
        self.detail = detail
        self.remedy = remedy
    }
}
