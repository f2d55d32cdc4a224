internal import Core
internal import Model

/// The key by which bad cells are grouped into causes, in summaries, gates and differences.
///
/// Texts are strings or, in an index, interned.
struct CauseKey<Text: Hashable & Sendable>: Hashable, Sendable {
    var kind: Cause.Kind
    /// The signature or, if there is none, the reason or the essential sentence of the explanation.
    var text: Text?
    /// The failing package, if the text alone does not identify the cause.
    var package: Text?
}

/// The facts that determine the cause of a cell that is bad itself or blocked by something not known to fail.
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
    /// Whether an infrastructure failure of that package blocks the cell.
    var isBlockedByInfrastructure = false
    /// The class of the constraint that leaves the cell without a solution.
    var unsolvableClass: UnsolvableCause.Class?
    /// The essential sentence of the explanation.
    var sentence: Text?
}

extension CauseKey {
    /// The key of a cell's cause; nil if the cell is not bad.
    init?(_ cell: CauseFacts<Text>) {
        switch cell.outcome {
        case .infrastructure: self.init(kind: .infrastructure, text: cell.signature ?? cell.reason)
        case .unsolvable:
            // Packages whose own bound excludes the compiler have different sentences but are grouped, because they
            // need no fix.
            let isOwn = cell.unsolvableClass == .ownOCaml
            self = isOwn ? CauseKey(kind: .ownOCaml) : CauseKey(kind: .unsolvable, text: cell.sentence)
        case .blocked:
            self.init(kind: cell.isBlockedByInfrastructure ? .infrastructure : .blocked, package: cell.blockedBy)
        case .failure:
            let isWeak = cell.signature == nil || cell.isWeak
            self.init(kind: .failure, text: cell.signature, package: isWeak ? cell.name : nil)
        case .success, .cancelled: return nil
        }
    }
}

extension CauseKey<String> {
    /// Eight hexadecimal digits that depend only on the key.
    var id: String {
        let parts = ["\(kind)", text ?? "", package ?? ""]
        return String(Digest(of: parts.joined(separator: "\0")).hex.prefix(8))
    }
}

extension CauseKey<InternedTexts.ID> {
    /// The same key with strings instead of interned texts.
    func resolved(in texts: InternedTexts) -> CauseKey<String> {
        CauseKey<String>(kind: kind, text: text.map { texts[$0] }, package: package.map { texts[$0] })
    }
}

extension CauseFacts<InternedTexts.ID> {
    /// The facts about a cell in an index.
    ///
    /// - Parameter outcome: The outcome of its record or of the plan.
    init(_ cell: IndexedCell, _ outcome: Outcome) {
        func text(_ id: InternedTexts.ID?) -> InternedTexts.ID? { id == 0 ? nil : id }
        let record = cell.record
        self.init(
            outcome: outcome, name: cell.name, signature: text(record?.signature), isWeak: record?.isWeak ?? false,
            reason: text(record?.reason), blockedBy: text(record?.blockedBy),
            isBlockedByInfrastructure: record.map { $0.outcome == .blocked && $0.change == .undecided } ?? false,
            unsolvableClass: UnsolvableCause.Class(code: cell.causeCode), sentence: text(cell.root))
    }
}
