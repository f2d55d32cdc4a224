internal import OpamSolver

/// The names of a stack of repositories, and which of them have changed since the incremental state.
struct RepositoryChanges: Sendable {
    let source: any PackageSource
    /// The index of the stack in the incremental state with which these repositories are compared; nil if there is
    /// none.
    let numberBefore: Int?
    /// The new incremental state of the stack.
    let memory: StackState
    /// Whether each name of the incremental state has changed, by its number; nil without an incremental state.
    let isChanged: [Bool]?
    /// The names whose versions have changed, and new names.
    let changed: [String]
    /// The number in `memory` of each name of the universe.
    private let numbers: [Int32]
    private let numberOfText: [String: Int32]

    /// - Parameters:
    ///   - pins: Pinned versions by name. A pin affects only the versions of its name, so it is part of the name's
    ///     fingerprint.
    ///   - roots: Names that every request contains, even if no package has them.
    ///   - numberBefore: The index of the stack in the incremental state.
    /// - Complexity: O(names).
    init(
        _ source: any PackageSource, pins: [String: String], roots: [String], numberBefore: Int?, before: StackState?
    ) {
        self.source = source
        self.numberBefore = numberBefore
        var names = before?.names ?? FlatTexts()
        var numberOfText: [String: Int32] = [:]
        for number in 0..<names.count { numberOfText[names[number]] = Int32(number) }
        func number(_ text: String) -> Int32 {
            if let number = numberOfText[text] { return number }
            let number = Int32(names.count)
            numberOfText[text] = number
            names.append(text)
            return number
        }
        let universe = source.universe
        numbers = (0..<universe.nameCount).map { number(universe.name(Universe.NameID($0))) }
        for root in roots { _ = number(root) }
        var fingerprints = FlatTexts()
        var isChanged: [Bool] = []
        var changed: [String] = []
        for number in 0..<names.count {
            let name = names[number]
            let fingerprint = (source.fingerprint(of: name) ?? "") + (pins[name].map { "\npinned \($0)" } ?? "")
            fingerprints.append(fingerprint)
            guard let before else { continue }
            let isKnown = number < before.names.count
            let differs = isKnown ? before.fingerprints[number] != fingerprint : !fingerprint.isEmpty
            if isKnown { isChanged.append(differs) }
            if differs { changed.append(name) }
        }
        memory = StackState(key: CellInputs.key(of: source), names: names, fingerprints: fingerprints)
        self.isChanged = before == nil ? nil : isChanged
        self.changed = changed
        self.numberOfText = numberOfText
    }

    func number(of name: Universe.NameID) -> Int32 { numbers[name.index] }

    func number(ofName text: String) -> Int32? { numberOfText[text] }
}
