internal import Core
package import Store

/// A document with cells that is to be set in a plan.
package struct CellDocument: Sendable {
    package let path: StorePath
    /// In their order.
    package let cells: [PlannedCell]
    /// Those of the plan that is changed.
    package let old: [PlannedCell]
    /// Nil where the document stays what it is.
    let change: PlanDocuments.Change?

    /// - Parameters:
    ///   - base: The plan that is changed.
    ///   - cells: Makes the new cells, in any order, out of those that are there; without any there is no document.
    /// - Throws: `Failure` where the document of the base holds something else; what `cells` throws.
    package init(
        at path: StorePath, over base: PlanDocuments, _ cells: ([PlannedCell]) throws -> [PlannedCell]
    ) throws {
        self.path = path
        let bytes = try base.bytes(at: path)
        old = try bytes.map { try PlanDocuments.decodeCells($0, path) } ?? []
        self.cells = try cells(old).sorted { $0.cell < $1.cell }
        change = PlanDocuments.Change(self.cells.isEmpty ? nil : PlannedCell.document(self.cells), over: bytes)
    }
}
