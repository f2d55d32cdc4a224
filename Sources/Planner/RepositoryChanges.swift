internal import OpamSolver

/// The names of some repositories laid over each other, and which of them are not as they are remembered.
struct RepositoryChanges: Sendable {
    let source: any PackageSource
    /// The number of the remembered repositories that these are compared with; nil if there are none.
    let numberBefore: Int?
    /// As it will be remembered.
    let memory: StackState
    /// By number of a remembered name; nil if nothing is remembered.
    let isChanged: [Bool]?
    /// The names that have other versions than those remembered, or that were not known.
    let changed: [String]
    /// The number in the memory of each name of the universe.
    private let numbers: [Int32]
    private let numberOfText: [String: Int32]

    /// - Parameters:
    ///   - pins: Versions by name. A pin decides about the versions of its name alone, so it counts as what they are read
    ///     from.
    ///   - roots: Names that every request asks for, though no package may have them.
    ///   - numberBefore: Of what is remembered.
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
