/// Finds many literals in a text in one pass.
///
/// Four bytes at every second position are looked up in a table that contains two adjacent groups of four bytes of each
/// literal; literals are compared only where a group is found. So a literal must have at least five bytes.
struct LiteralScanner: Sendable {
    /// A literal with four of its bytes, starting at `offset`.
    private struct Gram {
        var word: UInt32
        var literal: Int
        var offset: Int
        /// The last byte of the literal, and how far after the group it is.
        var last: UInt8
        var lastOffset: Int
    }

    static let shortest = 5

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

        /// Stops looking up the groups of a literal, unless another literal has them.
        mutating func drop(_ literal: Int) {
            for gram in grams where gram.literal == literal {
                let hash = LiteralScanner.hash(gram.word)
                if known[hash] < .max { known[hash] -= 1 }
            }
        }
    }

    /// The bytes after groups; before those with which a literal ends.
    private struct Neighbours {
        private var after = SIMD4<UInt64>.zero
        private var before = SIMD4<UInt64>.zero

        mutating func insert(around offset: Int, of literal: [UInt8]) {
            if offset + 4 < literal.count {
                Self.insert(literal[offset + 4], into: &after)
            } else {
                Self.insert(literal[offset - 1], into: &before)
            }
        }

        private static func insert(_ byte: UInt8, into set: inout SIMD4<UInt64>) {
            set[Int(byte >> 6)] |= 1 << (byte & 63)
        }

        /// Whether a literal with one of the groups may be around `position`.
        @inline(__always)
        func mayMatch(_ text: UnsafeRawBufferPointer, at position: Int) -> Bool {
            func contains(_ set: SIMD4<UInt64>, _ byte: UInt8) -> Bool {
                set[Int(byte >> 6)] >> UInt64(byte & 63) & 1 != 0
            }
            return position + 4 < text.count && contains(after, text[position + 4])
                || position > 0 && contains(before, text[position - 1])
        }
    }

    /// The concatenated literals, and the start of each; one more for the end of the last.
    private var bytes: [UInt8] = []
    private var starts = [0]
    private var longest = 0
    /// For each literal, the possible offsets of its groups, the rarest first.
    private var offsets: [[Int]] = []
    private var table = Table(offsets: [])
    private let mostMisses: Int

    /// - Parameters:
    ///   - literals: literals of at least ``shortest`` bytes; at most some thousand.
    ///   - mostMisses: how often a group may be found outside of literals before other groups are used instead.
    init(_ literals: [String], mostMisses: Int = 2_048) {
        self.mostMisses = mostMisses
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
            let own = Array(bytes[starts[literal]..<starts[literal + 1]])
            func frequentGroups(_ start: Int) -> Int {
                frequent.isEmpty
                    ? 0 : [start, start + 1].count { frequent.contains(Self.hash(Self.word(of: own, at: $0))) }
            }
            let start =
                offsets[literal].first { frequentGroups($0) == 0 } ?? offsets[literal].first { frequentGroups($0) == 1 }
                ?? offsets[literal][0]
            table.offsets[literal] = start
            for offset in [start, start + 1] {
                let word = Self.word(of: own, at: offset)
                table.known[Self.hash(word)] &+= table.known[Self.hash(word)] < .max ? 1 : 0
                table.grams.append(
                    Gram(
                        word: word, literal: literal, offset: offset, last: own[own.count - 1],
                        lastOffset: own.count - 1 - offset))
            }
        }
        table.grams.sort { (Self.hash($0.word), $0.literal) < (Self.hash($1.word), $1.literal) }
        var hash = 0
        for (number, gram) in table.grams.enumerated() {
            while hash <= Self.hash(gram.word) {
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
            table.neighbours[Int(table.firstGram[Self.hash(gram.word)])].insert(
                around: gram.offset, of: Array(bytes[starts[gram.literal]..<starts[gram.literal + 1]]))
        }
        return table
    }

    private static func hash(_ word: UInt32) -> Int {
        Int((word &* 0x9E37_79B1) >> 16)
    }

    private static func word(of literal: [UInt8], at offset: Int) -> UInt32 {
        (0..<4).reduce(UInt32(0)) { $0 | UInt32(literal[offset + $1]) << UInt32(8 * $1) }
    }

    /// The possible offsets of two groups, the rarest in other texts first.
    private static func offsets(of literal: [UInt8]) -> [Int] {
        (0...literal.count - shortest).map { (offset: $0, rarity: rarity(of: literal[$0..<$0 + shortest])) }
            .sorted { ($1.rarity, $0.offset) < ($0.rarity, $1.offset) }.map(\.offset)
    }

    private static func rarity(of bytes: ArraySlice<UInt8>) -> Int {
        let own = Array(bytes)
        let common = [0, 1].count { commonGrams.contains(word(of: own, at: $0)) }
        return own.reduce(-100 * common) { $0 + weights[Int($1)] }
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
        return Set((0..<words.count - 3).map { word(of: words, at: $0) })
    }()

    /// How to continue a scan after an occurrence.
    enum Answer {
        case proceed
        /// Further occurrences of this literal need not be reported.
        case dropLiteral
        case stop
    }

    /// The maximum number of times that a scan may change its groups.
    private static let mostTables = 24

    /// The state of a scan.
    private struct State {
        let start: Int
        /// The position at which the next pass begins.
        var position: Int
        var table: Table
        var dropped: [Bool]
        /// For each hash, the number of times it was found outside of literals.
        var misses: [UInt16] = []
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
        _ text: UnsafeRawBufferPointer, from start: Int = 0, _ found: (_ literal: Int, _ position: Int) -> Answer
    ) {
        guard text.count - start >= Self.shortest else { return }
        var state = State(
            start: start, position: start, table: table, dropped: [Bool](repeating: false, count: starts.count - 1))
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
        _ found: (_ literal: Int, _ position: Int) -> Answer
    ) {
        guard let bytes = text.baseAddress else { return }
        let last = text.count - 4
        var position = state.position
        func hash(_ position: Int) -> Int {
            Self.hash(bytes.loadUnaligned(fromByteOffset: position, as: UInt32.self))
        }
        while position + 14 <= last {
            let next = state.table.known.withUnsafeBufferPointer { known -> Int? in
                while position + 14 <= last {
                    let hits =
                        known[hash(position)] | known[hash(position + 2)] | known[hash(position + 4)]
                        | known[hash(position + 6)] | known[hash(position + 8)] | known[hash(position + 10)]
                        | known[hash(position + 12)] | known[hash(position + 14)]
                    if hits != 0 { return position }
                    position += 16
                }
                return nil
            }
            guard let next else { break }
            for probe in stride(from: next, through: next + 14, by: 2) where state.table.known[hash(probe)] != 0 {
                compare(text, at: probe, notBefore: start, &state, found)
                if state.isStopped || state.excess != nil {
                    state.position = probe
                    return
                }
            }
            position = next + 16
        }
        for probe in stride(from: position, through: last, by: 2) where state.table.known[hash(probe)] != 0 {
            compare(text, at: probe, notBefore: start, &state, found)
            if state.isStopped { return }
        }
        state.excess = nil
    }

    private func compare(
        _ text: UnsafeRawBufferPointer, at probe: Int, notBefore first: Int, _ state: inout State,
        _ found: (_ literal: Int, _ position: Int) -> Answer
    ) {
        let word = text.loadUnaligned(fromByteOffset: probe, as: UInt32.self)
        let hash = Self.hash(word)
        var isLiteral = false
        let (lower, upper) = (Int(state.table.firstGram[hash]), Int(state.table.firstGram[hash + 1]))
        // Most groups are found in other words than those of literals.
        let mayMatch = lower < upper && state.table.neighbours[lower].mayMatch(text, at: probe)
        for number in mayMatch ? lower..<upper : lower..<lower {
            let gram = state.table.grams[number]
            // A text designed to resemble a literal may begin like it.
            guard gram.word == word, gram.lastOffset < text.count - probe, text[probe + gram.lastOffset] == gram.last
            else { continue }
            let (literal, start) = (gram.literal, probe - gram.offset)
            let length = starts[literal + 1] - starts[literal]
            guard !state.dropped[literal], start >= first, !state.isReported(literal, at: start) else { continue }
            var index = 0
            while index < length, bytes[starts[literal] + index] == text[start + index] { index += 1 }
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
        if state.misses.isEmpty { state.misses = [UInt16](repeating: 0, count: 1 << 16) }
        state.misses[hash] &+= 1
        if state.misses[hash] == mostMisses, state.frequent.count < Self.mostTables, !state.frequent.contains(hash) {
            state.excess = hash
        }
    }
}
