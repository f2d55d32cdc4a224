internal import Core
internal import Foundation
internal import Git
internal import Model
internal import Records
internal import Store

extension ResultIndex {
    /// The indexes of the planned cells, sorted by name.
    var plannedPositions: [Int] {
        contents.order.lazy.map(Int.init).filter { contents.cells[$0].basis != .unplanned }
    }

    /// The indexes of recorded jobs that decide no planned cell, sorted by name: inputs of others, and cells that the
    /// plan no longer has.
    var inputPositions: [Int] {
        contents.order.lazy.map(Int.init).filter { position in
            contents.cells[position].basis == .unplanned && contents.cells[position].record != nil
        }
    }

    /// The last recorded result of a cell, even if it is of another job than planned; nil if there is none.
    ///
    /// It lacks the layer and other fields that only the document has.
    func result(at position: Int, in store: Store) throws -> CellResult? {
        let cell = contents.cells[position]
        guard let record = cell.record else { return nil }
        let name = contents.cell(at: position)
        let isVerdict = contents.isVerdict(record, at: position)
        if record.isAbridged, let result = try document(of: name, isInput: cell.isInput, record, in: store) {
            return result.decided(isVerdict)
        }
        let texts = contents.texts
        var result = CellResult(
            cell: name, job: record.hasJob ? record.job : nil, outcome: record.outcome, repositories: [])
        result.phase = record.phase
        result.signature = texts.text(record.signature)
        result.reason = texts.text(record.reason)
        result.blockedBy = texts.text(record.blockedBy).flatMap { PackageVersion($0) }
        result.log = record.hasLog ? record.log : nil
        result.duration = record.duration.isNaN ? nil : record.duration
        result.machine = texts.text(record.machine)
        result.execution = texts.text(record.execution)
        result.change = record.change
        result.previous = texts.text(record.previous).flatMap { PreviousVerdict(trailer: $0) }
        result.run = record.run == 0 ? nil : Int(record.run)
        return result.decided(isVerdict)
    }

    /// The document of a result at the last indexed commit.
    private func document(
        of cell: Cell, isInput: Bool, _ record: IndexedRecord, in store: Store
    ) throws -> CellResult? {
        guard let tip = contents.tips[cell.target] else { return nil }
        let path = isInput ? ResultPath.input(cell, job: record.job) : ResultPath.cell(cell)
        return try store.snapshot(at: tip).value(CellResult.self, at: StorePath(path))
    }

    /// The newest verdict on a job of a cell or of an input; nil if there is none.
    ///
    /// - Parameter cell: The target, compiler and package of the job.
    func result(ofJob job: Digest, as cell: Cell, in store: Store) throws -> CellResult? {
        guard let tip = contents.tips[cell.target] else { return nil }
        let snapshot = try store.snapshot(at: tip)
        return try [ResultPath.cell(cell), ResultPath.input(cell, job: job)]
            .compactMap { try snapshot.value(CellResult.self, at: StorePath($0)) }
            .filter { $0.job == job }
            .max { $0.isVerdictOnJob == $1.isVerdictOnJob ? $0.ended(before: $1) : $1.isVerdictOnJob }
    }

    /// The commit since which the last result of a cell has been the same; nil if nothing was recorded.
    func commitOfState(of cell: Cell) throws -> ObjectID? {
        try withSoundHistory { contents in
            let positions = [false, true].compactMap { contents.position(of: cell, isInput: $0) }
            guard let position = positions.first(where: { contents.cells[$0].record != nil }) else { return nil }
            return try contents.history[contents.history[contents.cells[position].row].since].commit
        }
    }
}

extension CellResult {
    /// The result with the change of a verdict, or of none, if what blocks the cell has another result since.
    fileprivate func decided(_ isVerdict: Bool) -> CellResult {
        guard outcome == .blocked, isVerdict != self.isVerdict else { return self }
        var result = self
        result.change = isVerdict ? ResultChange(from: previous?.outcome, to: outcome) : .undecided
        return result
    }
}
