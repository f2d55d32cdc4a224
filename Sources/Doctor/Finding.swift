/// One thing that jobs on this machine depend on, and whether it is there.
package struct Finding: Codable, Sendable, Hashable {
    /// How much it matters.
    package enum State: String, Codable, Sendable {
        case good
        /// Without it no job can run.
        case missing
        /// Only some jobs need it.
        case absent
    }

    package var name: String
    package var state: State
    /// What was found, in words.
    package var detail: String
    /// How to get what is missing; nil where nothing is, or nothing helps.
    package var remedy: String?

    package init(name: String, state: State, detail: String, remedy: String? = nil) {
        self.name = name
        self.state = state
        self.detail = detail
        self.remedy = remedy
    }
}
