internal import OpamSolver

/// What solving said about the cells of a column, and what each answer was made from, so that at another state of the
/// repositories only those requests are solved again that the changed opam files can affect.
///
/// An answer stays what it is while nothing about the names that it examined changes. Names are compared by where
/// their versions are read from (`PackageSource.origin`), so any two states can be compared, not only neighbours.
struct SolutionMemory: Sendable {
    /// One answer, in numbers of the memory's own tables.
    struct Answer: Sendable, Equatable {
        var isSolved: Bool
        var selection: [Int32]
        var examined: [Int32]
        var explanation: String
    }

    /// The answers to one request, without and with tests.
    struct Entry: Sendable, Equatable {
        var answer: Answer
        var test: Answer?
    }

    private(set) var names = NumberedTexts()
    /// By number of a name; empty where the name had no versions.
    private(set) var origins: [String] = []
    /// `name.version`
    private(set) var packages = NumberedTexts()
    private(set) var entries: [String: Entry] = [:]

    init() {}

    init(names: [String], origins: [String], packages: [String]) {
        for name in names { _ = self.names.number(of: name) }
        for package in packages { _ = self.packages.number(of: package) }
        self.origins = origins
    }

    mutating func add(_ entry: Entry, as key: String) {
        entries[key] = entry
    }

    // MARK: Learning

    /// Takes over the answers of a column that has been solved.
    init(_ cells: ColumnCells, _ solved: [SolvedCell]) {
        let universe = cells.column.universe.universe
        for (entry, solved) in zip(cells.entries, solved) {
            guard let answer = solved.answer, answer.isFinal, solved.test?.isFinal ?? true else { continue }
            let learnt = learn(answer, solved.explanation, universe)
            let test = solved.test.map { learn($0, solved.testExplanation, universe) }
            entries[Self.key(entry, universe)] = Entry(answer: learnt, test: test)
        }
        origins = names.texts.map { cells.column.source.origin(of: $0) ?? "" }
    }

    private mutating func learn(_ answer: SolverAnswer, _ explanation: String?, _ universe: Universe) -> Answer {
        Answer(
            isSolved: answer.selection != nil,
            selection: (answer.selection ?? []).map { packages.number(of: universe.text(of: $0)) },
            examined: answer.examined.map { names.number(of: universe.name($0)) },
            explanation: explanation ?? "")
    }

    /// What tells requests of a column apart.
    private static func key(_ entry: ColumnCells.Entry, _ universe: Universe) -> String {
        let options = entry.options
        let flags = [entry.origin.isExplicit, options.withTest, options.withDoc, options.lowerBounds]
        return universe.text(of: entry.package) + " " + flags.map { $0 ? "1" : "0" }.joined()
    }

    // MARK: Recalling

    /// The answers that still hold, in the order of the column's entries; nil for those to be solved.
    func recall(_ cells: ColumnCells) -> [SolvedCell?] {
        let universe = cells.column.universe.universe
        let numbers = names.texts.map { universe.nameID($0) }
        let isChanged = zip(names.texts, origins).map { cells.column.source.origin(of: $0) ?? "" != $1 }
        let versions = packages.texts.map { text -> Universe.PackageID? in
            let parts = text.split(separator: ".", maxSplits: 1)
            return universe.nameID(String(parts[0])).flatMap { universe.package($0, version: String(parts[1])) }
        }
        func recalled(_ answer: Answer) -> SolverAnswer? {
            let selection = answer.selection.compactMap { versions[Int($0)] }
            let examined = answer.examined.compactMap { isChanged[Int($0)] ? nil : numbers[Int($0)] }
            guard selection.count == answer.selection.count, examined.count == answer.examined.count else { return nil }
            return SolverAnswer(selection: answer.isSolved ? selection : nil, examined: examined.sorted())
        }
        return cells.entries.map { cell in
            guard cell.exclusion == nil, let entry = entries[Self.key(cell, universe)],
                let answer = recalled(entry.answer)
            else { return nil }
            var solved = SolvedCell(answer: answer)
            if !entry.answer.isSolved { solved.explanation = entry.answer.explanation }
            if let test = entry.test {
                guard let answer = recalled(test) else { return nil }
                solved.test = answer
                if !test.isSolved { solved.testExplanation = test.explanation }
            }
            return solved
        }
    }
}

/// Texts and their numbers, in the order in which they came.
struct NumberedTexts: Sendable, Equatable {
    private(set) var texts: [String] = []
    private var numbers: [String: Int32] = [:]

    mutating func number(of text: String) -> Int32 {
        if let number = numbers[text] { return number }
        let number = Int32(texts.count)
        texts.append(text)
        numbers[text] = number
        return number
    }
}
