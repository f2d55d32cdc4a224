/// Finds many literals in a text in one pass.
///
/// Four bytes at every second position are looked up in a table, which has two neighbouring groups of four of each literal; only
/// where the table has them, literals are compared. So a literal has five bytes or more.
struct LiteralScanner: Sendable {
    /// A literal with four bytes of it, from `offset` on.
    private struct Gram {
        var word: UInt32
        var literal: Int
        var offset: Int
    }

    static let shortest = 5

    /// The literals one after the other, and where each one begins; one more for the end of the last.
    private var bytes: [UInt8] = []
    private var starts = [0]
    /// For each hash of four bytes how many of `grams` have it, at most 255.
    private var known = [UInt8](repeating: 0, count: 1 << 16)
    /// In the order of hashes, and for each hash where those of it begin.
    private var grams: [Gram] = []
    private var firstGram = [UInt16](repeating: 0, count: (1 << 16) + 1)

    /// - Parameter literals: each of ``shortest`` bytes or more; at most some thousand.
    init(_ literals: [String]) {
        for (number, literal) in literals.enumerated() {
            let own = Array(literal.utf8)
            bytes += own
            starts.append(bytes.count)
            let start = Self.rarestOffset(of: own)
            for offset in [start, start + 1] {
                let word = own[offset..<offset + 4].reversed().reduce(UInt32(0)) { $0 << 8 | UInt32($1) }
                known[Self.hash(word)] &+= known[Self.hash(word)] < .max ? 1 : 0
                grams.append(Gram(word: word, literal: number, offset: offset))
            }
        }
        grams.sort { (Self.hash($0.word), $0.literal) < (Self.hash($1.word), $1.literal) }
        var hash = 0
        for (number, gram) in grams.enumerated() {
            while hash <= Self.hash(gram.word) {
                firstGram[hash] = UInt16(number)
                hash += 1
            }
        }
        while hash < firstGram.count {
            firstGram[hash] = UInt16(grams.count)
            hash += 1
        }
    }

    private static func hash(_ word: UInt32) -> Int {
        Int((word &* 0x9E37_79B1) >> 16)
    }

    /// Where the two groups of four are that are seldom in other texts.
    private static func rarestOffset(of literal: [UInt8]) -> Int {
        (0...literal.count - shortest).max { left, right in
            rarity(of: literal[left..<left + shortest]) < rarity(of: literal[right..<right + shortest])
        } ?? 0
    }

    private static func rarity(of bytes: ArraySlice<UInt8>) -> Int {
        let start = bytes.startIndex
        let common = [bytes[start..<start + 4], bytes[start + 1..<start + 5]].count { commonGrams.contains(Array($0)) }
        return bytes.reduce(-100 * common) { sum, byte in
            let character = Character(UnicodeScalar(byte))
            return sum + (weights.firstIndex { $0.contains(character) }.map { $0 + 1 } ?? 4)
        }
    }

    /// Characters from the commonest in logs of builds to the rarest; others are as rare as the fourth.
    private static let weights = ["etaoinsr", "lcdump ", "fghby0123456789/.-_", "wvk", "x(\"'`[", "jqz"]

    /// Four bytes in a row that many lines of builds have.
    private static let commonGrams: Set<[UInt8]> = {
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
        return Set((0..<words.count - 3).map { Array(words[$0..<$0 + 4]) })
    }()

    /// What becomes of a scan after an occurrence.
    enum Answer {
        case proceed
        /// Occurrences of this literal need not be reported any more.
        case dropLiteral
        case stop
    }

    /// Calls `found` with each occurrence of a literal and where it begins, in the order of the text but for neighbours.
    ///
    /// - Parameter start: where to begin; what lies before it is not seen.
    func scan(
        _ text: UnsafeRawBufferPointer, from start: Int = 0, _ found: (_ literal: Int, _ position: Int) -> Answer
    ) {
        guard let bytes = text.baseAddress, text.count - start >= Self.shortest else { return }
        let last = text.count - 4
        var known = known
        var dropped = [Bool](repeating: false, count: starts.count - 1)
        known.withUnsafeMutableBufferPointer { known in
            func hash(_ position: Int) -> Int {
                Self.hash(bytes.loadUnaligned(fromByteOffset: position, as: UInt32.self))
            }
            var position = start
            while position + 14 <= last {
                let hits =
                    known[hash(position)] | known[hash(position + 2)] | known[hash(position + 4)]
                    | known[hash(position + 6)] | known[hash(position + 8)] | known[hash(position + 10)]
                    | known[hash(position + 12)] | known[hash(position + 14)]
                if hits != 0 {
                    for probe in stride(from: position, through: position + 14, by: 2) where known[hash(probe)] != 0 {
                        guard compare(text, at: probe, notBefore: start, known, &dropped, found) else { return }
                    }
                }
                position += 16
            }
            for probe in stride(from: position, through: last, by: 2) where known[hash(probe)] != 0 {
                guard compare(text, at: probe, notBefore: start, known, &dropped, found) else { return }
            }
        }
    }

    /// - Returns: Whether to go on.
    private func compare(
        _ text: UnsafeRawBufferPointer, at probe: Int, notBefore first: Int, _ known: UnsafeMutableBufferPointer<UInt8>,
        _ dropped: inout [Bool], _ found: (_ literal: Int, _ position: Int) -> Answer
    ) -> Bool {
        let word = text.loadUnaligned(fromByteOffset: probe, as: UInt32.self)
        let hash = Self.hash(word)
        for number in Int(firstGram[hash])..<Int(firstGram[hash + 1]) where grams[number].word == word {
            let (literal, start) = (grams[number].literal, probe - grams[number].offset)
            let length = starts[literal + 1] - starts[literal]
            guard !dropped[literal], start >= first, start + length <= text.count else { continue }
            var index = 0
            while index < length, bytes[starts[literal] + index] == text[start + index] { index += 1 }
            guard index == length else { continue }
            switch found(literal, start) {
            case .proceed: break
            case .stop: return false
            case .dropLiteral:
                dropped[literal] = true
                drop(literal, known)
            }
        }
        return true
    }

    /// Where no other literal has them, the groups of four of a literal stop nothing any more.
    private func drop(_ literal: Int, _ known: UnsafeMutableBufferPointer<UInt8>) {
        let own = bytes[starts[literal]..<starts[literal + 1]]
        let first = Self.rarestOffset(of: Array(own))
        for offset in [first, first + 1] {
            let word = own.dropFirst(offset).prefix(4).reversed().reduce(UInt32(0)) { $0 << 8 | UInt32($1) }
            let hash = Self.hash(word)
            if known[hash] < .max { known[hash] -= 1 }
        }
    }
}
