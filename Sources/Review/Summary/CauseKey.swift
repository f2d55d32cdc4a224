internal import Core
internal import Model

/// What makes two bad cells have one cause. Everything that groups bad cells groups them by this: summaries, gates, differences.
///
/// Texts are strings or, in an index, the numbers of its texts.
struct CauseKey<Text: Hashable & Sendable>: Hashable, Sendable {
    var kind: Cause.Kind
    /// A signature or, where there is none, a reason or the sentence that an explanation comes down to.
    var text: Text?
    /// The package that fails, where the text alone does not say that two failures are one.
    var package: Text?
}

/// What decides which cause a cell has that is bad itself, or that waits for something that is not known to fail.
struct CauseFacts<Text: Hashable & Sendable> {
    var outcome: Outcome
    /// The package's name.
    var name: Text
    var signature: Text?
    /// Whether the signature names no cause.
    var isWeak = false
    var reason: Text?
    /// `NAME.VERSION` of the package that blocks the cell.
    var blockedBy: Text?
    /// The class of the constraint that leaves the cell without a solution.
    var unsolvableClass: UnsolvableCause.Class?
    /// What the explanation comes down to.
    var sentence: Text?
}

extension CauseKey {
    /// The cause of a cell; nil for one that is not bad.
    init?(_ cell: CauseFacts<Text>) {
        switch cell.outcome {
        case .infrastructure: self.init(kind: .infrastructure, text: cell.signature ?? cell.reason)
        case .unsolvable:
            // Each package whose own bound excludes the compiler has a sentence of its own, and nobody fixes it.
            let isOwn = cell.unsolvableClass == .ownOCaml
            self = isOwn ? CauseKey(kind: .ownOCaml) : CauseKey(kind: .unsolvable, text: cell.sentence)
        case .blocked: self.init(kind: .blocked, package: cell.blockedBy)
        case .failure:
            let isWeak = cell.signature == nil || cell.isWeak
            self.init(kind: .failure, text: cell.signature, package: isWeak ? cell.name : nil)
        case .success, .cancelled: return nil
        }
    }
}

extension CauseKey<String> {
    /// Eight hexadecimal digits, equal for equal causes whenever they are asked for.
    var id: String {
        let parts = ["\(kind)", text ?? "", package ?? ""]
        return String(Digest(of: parts.joined(separator: "\0")).hex.prefix(8))
    }
}

extension CauseKey<InternedTexts.ID> {
    /// The same key with the texts themselves.
    func resolved(in texts: InternedTexts) -> CauseKey<String> {
        CauseKey<String>(kind: kind, text: text.map { texts[$0] }, package: package.map { texts[$0] })
    }
}

extension CauseFacts<InternedTexts.ID> {
    /// What an index knows of a cell.
    ///
    /// - Parameter outcome: That of its record, or of the plan.
    init(_ cell: IndexedCell, _ outcome: Outcome) {
        func text(_ id: InternedTexts.ID?) -> InternedTexts.ID? { id == 0 ? nil : id }
        let record = cell.record
        self.init(
            outcome: outcome, name: cell.name, signature: text(record?.signature), isWeak: record?.isWeak ?? false,
            reason: text(record?.reason), blockedBy: text(record?.blockedBy),
            unsolvableClass: UnsolvableCause.Class(code: cell.causeCode), sentence: text(cell.root))
    }
}
