internal import Core
package import Git
package import Planner

/// Stores the incremental states of plans in a directory, in a file for each, named after the tree of its plan.
///
/// If there is no valid file, everything is planned again.
package struct IncrementalStateDirectory: Sendable {
    private let files: DerivedFiles

    package init(_ path: String) {
        files = DerivedFiles(in: path, format: "ciso plan memory 4", suffix: ".plan", capacity: 8)
    }

    /// Reads the state of the plan with this tree; nil if there is no valid one.
    package func state(of tree: ObjectID) -> IncrementalState? {
        files.read("\(tree)") { IncrementalState(encoded: $0) }
    }

    /// Stores the state of the plan with this tree. If that fails, the next plan is a full one.
    package func keep(_ state: IncrementalState, of tree: ObjectID) {
        files.keep(state.encoded, as: "\(tree)")
    }
}
