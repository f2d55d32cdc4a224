/// Finds many literals in a text in one pass.
///
/// Four bytes at every second position are looked up in a table that contains two adjacent groups of four bytes of each
/// literal; literals are compared only where a group is found. So a literal must have at least five bytes.
struct LiteralScanner: Sendable {
    /// Four bytes of a literal, with up to four more around them.
    private struct Gram {
        /// The bytes, the first one in the lowest byte.
        var value: UInt64 = 0
        /// The bytes of `value` that are set.
        var mask: UInt64 = 0
        /// The distance from the group to the first of the bytes.
        var window: Int32
        var literal: Int32
        /// The offset of the group in the literal.
        var offset: Int32
        var hash: Int32

        init(of literal: Int, _ bytes: ArraySlice<UInt8>, offset: Int) {
            let start = max(0, min(offset, bytes.count - 8))
            for (index, byte) in bytes.dropFirst(start).prefix(8).enumerated() {
                value |= UInt64(byte) << UInt64(8 * index)
                mask |= 0xFF << UInt64(8 * index)
            }
            (window, self.literal, self.offset) = (Int32(start - offset), Int32(literal), Int32(offset))
            hash = Int32(LiteralScanner.hash(LiteralScanner.word(of: bytes, at: offset)))
        }

        /// Whether the bytes of the literal are around a group of the text.
        @inline(__always)
        func mayMatch(_ text: UnsafeRawBufferPointer, at position: Int) -> Bool {
            let first = position &+ Int(window)
            // Near the ends of the text, the whole literal is compared.
            guard first >= 0, first &+ 8 <= text.count, let start = text.baseAddress else { return true }
            return start.loadUnaligned(fromByteOffset: first, as: UInt64.self) & mask == value
        }
    }

    /// The bytes after groups, and those before groups with which a literal ends, as sets of their lower six bits.
    private struct Neighbours {
        private var after: UInt64 = 0
        private var before: UInt64 = 0

        mutating func insert(around offset: Int, of literal: ArraySlice<UInt8>) {
            let start = literal.startIndex + offset
            if start + 4 < literal.endIndex {
                after |= 1 << UInt64(literal[start + 4] & 63)
            } else {
                before |= 1 << UInt64(literal[start - 1] & 63)
            }
        }

        /// Whether a literal with one of the groups may be around `position`.
        @inline(__always)
        func mayMatch(_ text: UnsafeRawBufferPointer, at position: Int) -> Bool {
            guard let start = text.baseAddress else { return false }
            func contains(_ set: UInt64, _ index: Int) -> UInt64 {
                set &>> UInt64(truncatingIfNeeded: start.load(fromByteOffset: index, as: UInt8.self)) & 1
            }
            guard position > 0, position &+ 4 < text.count else { return true }
            return contains(after, position &+ 4) | contains(before, position &- 1) != 0
        }
    }

    /// The groups of four bytes that are looked up.
    private struct Table {
        /// The offsets of the two groups in each literal.
        var offsets: [Int]
        /// For each hash of four bytes, the number of `grams` with it, at most 255.
        var known = [UInt8](repeating: 0, count: 1 << 16)
        /// The groups in the order of hashes, and the start of those with each hash.
        var grams: [Gram] = []
        var firstGram = [UInt16](repeating: 0, count: (1 << 16) + 1)
        /// For the first of `grams` with each hash, the bytes of the literals next to these groups.
        var neighbours: [Neighbours] = []

        /// Calls `body` with the starts of `known`, `firstGram`, `grams` and `neighbours`; nil if there are no
        /// literals.
        @inline(__always)
        func withPointers<Result>(
            _ body: (UnsafePointer<UInt8>, UnsafePointer<UInt16>, UnsafePointer<Gram>, UnsafePointer<Neighbours>) ->
                Result?
        ) -> Result? {
            known.withUnsafeBufferPointer { known in
                firstGram.withUnsafeBufferPointer { firstGram in
                    grams.withUnsafeBufferPointer { grams in
                        neighbours.withUnsafeBufferPointer { neighbours in
                            guard let known = known.baseAddress, let firstGram = firstGram.baseAddress,
                                let grams = grams.baseAddress, let neighbours = neighbours.baseAddress
                            else { return nil }
                            return body(known, firstGram, grams, neighbours)
                        }
                    }
                }
            }
        }

        /// Stops looking up the groups of a literal, unless another literal has them.
        mutating func drop(_ literal: Int) {
            for index in grams.indices where grams[index].literal == literal {
                let hash = Int(grams[index].hash)
                if known[hash] < .max { known[hash] -= 1 }
                // No bytes are equal to these.
                (grams[index].mask, grams[index].value) = (0, 1)
            }
        }
    }

    static let shortest = 5

    /// The concatenated literals, and the start of each; one more for the end of the last.
    private var bytes: [UInt8] = []
    private var starts = [0]
    private var longest = 0
    /// For each literal, the possible offsets of its groups, the rarest first.
    private var offsets: [[Int]] = []
    private var table = Table(offsets: [])
    private let missLimit: Int

    /// - Parameters:
    ///   - literals: literals of at least ``shortest`` bytes; at most some thousand.
    ///   - missLimit: how often a group may be found outside of literals before other groups are used instead.
    init(_ literals: [String], missLimit: Int = 2_048) {
        self.missLimit = missLimit
        for literal in literals {
            let own = Array(literal.utf8)
            bytes += own
            starts.append(bytes.count)
            longest = max(longest, own.count)
            offsets.append(Self.offsets(of: own))
        }
        table = table(avoiding: [], without: [Bool](repeating: false, count: literals.count))
    }

    /// - Parameters:
    ///   - frequent: hashes of groups that the text often contains outside of literals; they are avoided for literals
    ///     that have other groups.
    ///   - dropped: literals to omit.
    private func table(avoiding frequent: Set<Int>, without dropped: [Bool]) -> Table {
        var table = Table(offsets: [Int](repeating: 0, count: dropped.count))
        for literal in dropped.indices where !dropped[literal] {
            let own = bytes[starts[literal]..<starts[literal + 1]]
            func frequentGroups(_ start: Int) -> Int {
                frequent.isEmpty
                    ? 0 : [start, start + 1].count { frequent.contains(Self.hash(Self.word(of: own, at: $0))) }
            }
            let start =
                offsets[literal].first { frequentGroups($0) == 0 } ?? offsets[literal].first { frequentGroups($0) == 1 }
                ?? offsets[literal][0]
            table.offsets[literal] = start
            for offset in [start, start + 1] {
                let gram = Gram(of: literal, own, offset: offset)
                table.known[Int(gram.hash)] &+= table.known[Int(gram.hash)] < .max ? 1 : 0
                table.grams.append(gram)
            }
        }
        table.grams.sort { ($0.hash, $0.literal) < ($1.hash, $1.literal) }
        var hash = 0
        for (number, gram) in table.grams.enumerated() {
            while hash <= gram.hash {
                table.firstGram[hash] = UInt16(number)
                hash += 1
            }
        }
        while hash < table.firstGram.count {
            table.firstGram[hash] = UInt16(table.grams.count)
            hash += 1
        }
        table.neighbours = [Neighbours](repeating: Neighbours(), count: table.grams.count)
        for gram in table.grams {
            let (first, literal) = (Int(table.firstGram[Int(gram.hash)]), Int(gram.literal))
            table.neighbours[first].insert(
                around: Int(gram.offset), of: bytes[starts[literal]..<starts[literal + 1]])
        }
        return table
    }

    private static func hash(_ word: UInt32) -> Int {
        Int((word &* 0x9E37_79B1) >> 16)
    }

    /// Four bytes of a literal from `offset` on.
    private static func word(of literal: ArraySlice<UInt8>, at offset: Int) -> UInt32 {
        let start = literal.startIndex + offset
        return (0..<4).reduce(UInt32(0)) { $0 | UInt32(literal[start + $1]) << UInt32(8 * $1) }
    }

    /// The possible offsets of two groups, the rarest in other texts first.
    private static func offsets(of literal: [UInt8]) -> [Int] {
        (0...literal.count - shortest).map { (offset: $0, rarity: rarity(of: literal[$0..<$0 + shortest])) }
            .sorted { ($1.rarity, $0.offset) < ($0.rarity, $1.offset) }.map(\.offset)
    }

    private static func rarity(of bytes: ArraySlice<UInt8>) -> Int {
        let common = [0, 1].count { commonGrams.contains(word(of: bytes, at: $0)) }
        return bytes.reduce(-100 * common) { $0 + weights[Int($1)] }
    }

    /// The rarity of each byte: the characters from the commonest to the rarest in logs of builds; other bytes are as
    /// rare as the fourth.
    private static let weights: [Int] = {
        var weights = [Int](repeating: 4, count: 256)
        let classes = ["etaoinsr", "lcdump ", "fghby0123456789/.-_", "wvk", "x(\"'`[", "jqz"]
        for (number, letters) in classes.enumerated() {
            for letter in letters.utf8 { weights[Int(letter)] = number + 1 }
        }
        return weights
    }()

    /// Sequences of four bytes that are common in logs of builds.
    private static let commonGrams: Set<UInt32> = {
        let words = Array(
            """
             checking for whether the compiler accepts and works... yes compiling building linking installing installed \
            Entering Leaving directory File line characters warning: unused variable value home/opam/.opam/lib/build/ \
            default/ src/ test/ share/ include/ bin/ ocamlopt ocamlfind ocamlc ocamldep native byte package library from with \
            without that this other another while time used called during failed error Error handler result option function \
            from integer pointer different type Wpointer -fno-strict-aliasing -fwrapv -pthread -fPIC -D_FILE_OFFSET_BITS \
            make[2]: Nothing to be done for gmake config.status: creating in on not set file files version module interface \
            Copying Creating Generating Processing object executable static shared -- Installing: Building CXX of target \
            Retrieving Unpacking Setting up Preparing to unpack Selecting previously unselected patching
            """.utf8)
        return Set((0..<words.count - 3).map { word(of: words[...], at: $0) })
    }()

    /// How to continue a scan after an occurrence.
    enum Action {
        case proceed
        /// Further occurrences of this literal need not be reported.
        case dropLiteral
        case stop
    }

    /// The maximum number of times that a scan may change its groups.
    private static let tableLimit = 24

    /// The state of a scan.
    private struct State {
        let start: Int
        /// The position at which the next pass begins.
        var position: Int
        var table: Table
        var dropped: [Bool]
        /// For each hash, the number of times it was found outside of literals.
        let misses: UnsafeMutableBufferPointer<UInt16>
        var frequent: Set<Int> = []
        /// The hash that was found too often; nil if there is none.
        var excess: Int?
        var isStopped = false
        /// The offsets and the end of each pass so far.
        var passes: [(offsets: [Int], end: Int)] = []
        /// The greatest of these ends.
        var furthest = 0

        /// Whether an earlier pass has reported an occurrence.
        func isReported(_ literal: Int, at position: Int) -> Bool {
            position < furthest
                && passes.contains { pass in
                    let group = position + pass.offsets[literal]
                    return group + (group - start) & 1 < pass.end
                }
        }
    }

    /// Calls `found` with each occurrence of a literal and its start, in the order of the text except for adjacent
    /// ones.
    ///
    /// - Parameter start: the position at which to begin; the text before it is ignored.
    func scan(
        _ text: UnsafeRawBufferPointer, from start: Int = 0, _ found: (_ literal: Int, _ position: Int) -> Action
    ) {
        guard text.count - start >= Self.shortest else { return }
        let misses = UnsafeMutableBufferPointer<UInt16>.allocate(capacity: 1 << 16)
        misses.initialize(repeating: 0)
        defer { misses.deallocate() }
        var state = State(
            start: start, position: start, table: table, dropped: [Bool](repeating: false, count: starts.count - 1),
            misses: misses)
        while true {
            pass(text, notBefore: start, &state, found)
            guard !state.isStopped, let excess = state.excess else { return }
            state.frequent.insert(excess)
            state.excess = nil
            state.passes.append((state.table.offsets, state.position))
            state.furthest = max(state.furthest, state.position)
            state.table = table(avoiding: state.frequent, without: state.dropped)
            // The new groups of a literal may precede its old ones, which were not reached yet.
            state.position = max(start, state.position - (longest + 1) & ~1)
        }
    }

    /// Scans to the end, or until a group has been found too often.
    private func pass(
        _ text: UnsafeRawBufferPointer, notBefore start: Int, _ state: inout State,
        _ found: (_ literal: Int, _ position: Int) -> Action
    ) {
        while let probe = nextCandidate(in: text, &state) {
            compare(text, at: probe, notBefore: start, &state, found)
            if state.isStopped || state.excess != nil { return }
            state.position = probe + 2
        }
    }

    /// The next position of a group around which a literal may be; nil if there is none before the end, or before a
    /// group that was found too often.
    private func nextCandidate(in text: UnsafeRawBufferPointer, _ state: inout State) -> Int? {
        guard let bytes = text.baseAddress else { return nil }
        @inline(__always)
        func hash(_ position: Int) -> Int {
            Self.hash(bytes.loadUnaligned(fromByteOffset: position, as: UInt32.self))
        }
        let (last, misses, missLimit) = (text.count - 4, state.misses, missLimit)
        var (position, excess) = (state.position, Int?.none)
        let isFull = state.frequent.count >= Self.tableLimit
        let (frequent, table) = (state.frequent, state.table)
        let candidate = table.withPointers { known, firstGram, grams, neighbours -> Int? in
            while position <= last {
                var step = 2
                if position &+ 14 <= last {
                    step = 16
                    let hits =
                        known[hash(position)] | known[hash(position &+ 2)] | known[hash(position &+ 4)]
                        | known[hash(position &+ 6)] | known[hash(position &+ 8)] | known[hash(position &+ 10)]
                        | known[hash(position &+ 12)] | known[hash(position &+ 14)]
                    if hits == 0 {
                        position &+= 16
                        continue
                    }
                }
                let end = position &+ step
                while position < end {
                    let (probe, hash) = (position, hash(position))
                    position &+= 2
                    guard known[hash] != 0 else { continue }
                    let (lower, upper) = (Int(firstGram[hash]), Int(firstGram[hash &+ 1]))
                    // Most groups are found in other words than those of literals.
                    if lower < upper, neighbours[lower].mayMatch(text, at: probe) {
                        for number in lower..<upper where grams[number].mayMatch(text, at: probe) { return probe }
                    }
                    misses[hash] &+= 1
                    if misses[hash] == missLimit, !isFull, step == 16, !frequent.contains(hash) {
                        (position, excess) = (probe, hash)
                        return nil
                    }
                }
            }
            return nil
        }
        (state.position, state.excess) = (position, excess)
        return candidate
    }

    private func compare(
        _ text: UnsafeRawBufferPointer, at probe: Int, notBefore first: Int, _ state: inout State,
        _ found: (_ literal: Int, _ position: Int) -> Action
    ) {
        let hash = Self.hash(text.loadUnaligned(fromByteOffset: probe, as: UInt32.self))
        var isLiteral = false
        for number in Int(state.table.firstGram[hash])..<Int(state.table.firstGram[hash + 1]) {
            let gram = state.table.grams[number]
            guard gram.mayMatch(text, at: probe) else { continue }
            let (literal, start) = (Int(gram.literal), probe - Int(gram.offset))
            let (own, length) = (starts[literal], starts[literal + 1] - starts[literal])
            // A text designed to resemble a literal may begin like it.
            guard start >= first, length <= text.count - start, text[start + length - 1] == bytes[own + length - 1],
                !state.dropped[literal], !state.isReported(literal, at: start)
            else { continue }
            var index = 0
            while index < length, bytes[own + index] == text[start + index] { index += 1 }
            guard index == length else { continue }
            isLiteral = true
            switch found(literal, start) {
            case .proceed: break
            case .stop:
                state.isStopped = true
                return
            case .dropLiteral:
                state.dropped[literal] = true
                state.table.drop(literal)
            }
        }
        guard !isLiteral else { return }
        state.misses[hash] &+= 1
        if state.misses[hash] == missLimit, state.frequent.count < Self.tableLimit, !state.frequent.contains(hash) {
            (state.position, state.excess) = (probe, hash)
        }
    }
}
