internal import Core
internal import Git
internal import Model
internal import Records
internal import Store

extension IndexContents {
    /// Rows read from the branches, newest commit first, before they are added to the history.
    private struct Batch {
        var rows = RowBatch()
        /// The indexes in `rows` of the newest row of each cell.
        var newest: [Int] = []
        /// The 1-based index in `rows` of the oldest row of each cell so far; 0 if there is none.
        var oldest: [UInt32]

        init(cells: Int) { oldest = Array(repeating: 0, count: cells) }
    }

    /// The number of new results after which the packs that were read are closed.
    private static let longWalk = 1 << 16

    /// Adds the results of the branches that the index lacks.
    ///
    /// - Returns: Whether documents had to be read because the messages of some commits do not describe their results.
    /// - Throws: `IndexOutdated` if a branch does not continue the history in the index; `StoreError`.
    mutating func addResults(of targets: [String], in store: Store) throws -> Bool {
        var batch = Batch(cells: cells.count)
        var hasReadDocuments = false
        for target in targets {
            let branch = ResultBranch(deployment: deployment, target: target)
            guard let head = try store.snapshot(Branch(branch.name)).commit else {
                if tips[target] != nil { throw IndexOutdated() }
                continue
            }
            guard tips[target] != head else { continue }
            hasReadDocuments = try add(branch, from: head, in: store, to: &batch) || hasReadDocuments
            tips[target] = head
        }
        // Most pages of the packs' indexes have been read in a long walk.
        if batch.rows.count > Self.longWalk { store.releaseCaches() }
        try link(&batch)
        return hasReadDocuments
    }

    private mutating func add(
        _ branch: ResultBranch, from head: ObjectID, in store: Store, to batch: inout Batch
    ) throws -> Bool {
        let end = tips[branch.target]
        var (hasReadDocuments, last, isMet) = (false, head, false)
        try store.forEachCommit(from: head) { id, contents in
            if id == end {
                isMet = true
                return false
            }
            last = id
            if !add(contents, id, branch, to: &batch) {
                hasReadDocuments = true
                try addDocuments(of: id, branch, in: store, to: &batch)
            }
            return true
        }
        if end != nil {
            guard isMet else { throw IndexOutdated() }
        } else {
            try reconcile(branch, with: store.snapshot(at: head), oldest: last, &batch)
        }
        return hasReadDocuments
    }

    /// Adds the result in a commit's message; false if the message does not describe one.
    private mutating func add(
        _ contents: UnsafeRawBufferPointer, _ id: ObjectID, _ branch: ResultBranch, to batch: inout Batch
    ) -> Bool {
        guard let commit = RecordingCommit(contents), let message = ResultMessage(commit.message),
            let name = message[.cell], let path = message[.path], belongs(name, to: branch)
        else { return false }
        add(message, name, isInput: Self.isInput(path), id, commit.time, to: &batch)
        if let superseded = message.text(.supersedes) {
            for path in superseded.split(separator: " ") {
                let run = message.text(.run).flatMap(UInt32.init) ?? 0
                remove(String(path), of: branch, id, commit.time, run: run, to: &batch)
            }
        }
        return true
    }

    private func belongs(_ name: UnsafeRawBufferPointer, to branch: ResultBranch) -> Bool {
        name.starts(with: branch.target.utf8) && name.count > branch.target.utf8.count
            && name[branch.target.utf8.count] == UInt8(ascii: "/")
    }

    /// Whether a path is of an input: those are one directory deeper than cells.
    private static func isInput(_ path: UnsafeRawBufferPointer) -> Bool {
        path.count(where: { $0 == UInt8(ascii: "/") }) == 3
    }

    @discardableResult
    private mutating func add(
        _ message: ResultMessage, _ name: UnsafeRawBufferPointer, isInput: Bool, _ id: ObjectID, _ time: UInt32,
        to batch: inout Batch, isCurrent: Bool = false
    ) -> Int? {
        guard let position = position(ofName: name, isInput: isInput) else { return nil }
        var record = IndexedRecord(outcomeCode: message.text(.outcome).flatMap(Outcome.init)?.code ?? 0)
        record.time = time
        record.phaseCode = message.text(.phase).flatMap(Phase.init)?.code ?? 0
        record.changeCode = message.text(.change).flatMap(ResultChange.init)?.code ?? 0
        record.run = message.text(.run).flatMap(UInt32.init) ?? 0
        record.signature = message[.signature].map { texts.intern($0) } ?? 0
        record.isWeak = message[.weak] != nil
        let isNewest = add(HistoryRow(record, commit: id, cell: UInt32(position)), to: &batch)
        if isNewest || isCurrent { cells[position].record = details(of: message, record) }
        return position
    }

    /// Adds a row. Rows of a cell are added from newest to oldest.
    ///
    /// - Returns: Whether it is the newest row of the cell.
    private func add(_ row: HistoryRow, to batch: inout Batch) -> Bool {
        let position = Int(row.cell)
        if position >= batch.oldest.count {
            batch.oldest += [UInt32](
                repeating: 0, count: max(position + 1 - batch.oldest.count, batch.oldest.count / 2))
        }
        batch.rows.append(row)
        let newer = batch.oldest[position]
        // Until all rows are known, numbers count from the newest one.
        if newer > 0 { batch.rows[Int(newer) - 1].before = UInt32(batch.rows.count - 1) }
        batch.oldest[position] = UInt32(batch.rows.count)
        if newer == 0 { batch.newest.append(batch.rows.count - 1) }
        return newer == 0
    }

    /// The complete record. Only that of a cell's newest row is kept.
    private mutating func details(of message: ResultMessage, _ record: IndexedRecord) -> IndexedRecord {
        var record = record
        if let job = message[.job].flatMap({ Digest(hex: $0) }) { (record.job, record.hasJob) = (job, true) }
        if let log = message[.log].flatMap({ Digest(hex: $0) }) { (record.log, record.hasLog) = (log, true) }
        record.duration = message.text(.duration).flatMap(Double.init) ?? .nan
        record.reason = message.reason.map { texts.intern($0) } ?? 0
        record.blockedBy = message[.blockedBy].map { texts.intern($0) } ?? 0
        record.machine = message[.machine].map { texts.intern($0) } ?? 0
        record.execution = message[.execution].map { texts.intern($0) } ?? 0
        record.previous = message[.previous].map { texts.intern($0) } ?? 0
        record.kind = message[.kind].map { texts.intern($0) } ?? 0
        record.failureClass = message[.failureClass].map { texts.intern($0) } ?? 0
        record.isAbridged = message[.abridged] != nil
        return record
    }

    // MARK: What no message says

    /// Adds the changes of a commit whose message does not describe them: an undo, a cancellation of many cells, or a
    /// result of an older version of ciso.
    private mutating func addDocuments(
        of id: ObjectID, _ branch: ResultBranch, in store: Store, to batch: inout Batch
    ) throws {
        let snapshot = try store.snapshot(at: id)
        var (parent, time) = (ObjectID?.none, UInt32(0))
        try store.forEachCommit(from: id) { found, contents in
            if found == id {
                time = RecordingCommit(contents)?.time ?? 0
                return true
            }
            parent = found
            return false
        }
        var changed: [(path: String, isThere: Bool)] = []
        try Snapshot.differences(from: parent.map { try store.snapshot(at: $0) }, to: snapshot) { path, _, new in
            if path.components.first != "index" { changed.append((path.description, new != nil)) }
        }
        for (path, isThere) in changed {
            if isThere {
                try addDocument(at: path, in: snapshot, id, time, branch, to: &batch)
            } else {
                remove(path, of: branch, id, time, to: &batch)
            }
        }
    }

    /// - Returns: The index of the cell; nil if the document is not a result of the branch.
    @discardableResult
    private mutating func addDocument(
        at path: String, in snapshot: Snapshot, _ id: ObjectID, _ time: UInt32, _ branch: ResultBranch,
        to batch: inout Batch, isCurrent: Bool = false
    ) throws -> Int? {
        guard let bytes = try snapshot.bytes(at: StorePath(path)),
            let result = try? CanonicalJSON.decode(CellResult.self, from: bytes),
            result.cell.target == branch.target
        else { return nil }
        let text = Array(result.message(at: path).utf8)
        return text.withUnsafeBytes { bytes -> Int? in
            guard let message = ResultMessage(bytes), let name = message[.cell] else { return nil }
            return add(
                message, name, isInput: path.split(separator: "/").count == 4, id, time, to: &batch,
                isCurrent: isCurrent)
        }
    }

    /// Adds the removal of a document. Removing an input's document keeps the result of the same cell if that is of
    /// another job.
    private mutating func remove(
        _ path: String, of branch: ResultBranch, _ id: ObjectID, _ time: UInt32, run: UInt32 = 0, to batch: inout Batch
    ) {
        let parts = path.split(separator: "/").map(String.init)
        guard parts.count == 3, parts[2].hasSuffix(".json") else { return }
        let name = "\(branch.target)/\(parts[0])/\(parts[1]).\(parts[2].dropLast(5))"
        guard let position = position(ofName: name, isInput: false) else { return }
        var row = HistoryRow(commit: id, cell: UInt32(position), time: time)
        row.run = run
        if add(row, to: &batch) { cells[position].record = nil }
    }

    /// Replaces the last results by those in the newest snapshot, because a shallow clone has only some of the
    /// messages.
    private mutating func reconcile(
        _ branch: ResultBranch, with snapshot: Snapshot, oldest: ObjectID, _ batch: inout Batch
    ) throws {
        var missing: [String] = []
        var present: Set<Int> = []
        try Snapshot.differences(from: nil, to: snapshot) { path, _, _ in
            let parts = path.components
            guard parts.first != "index", parts.count == 3 || parts.count == 4 else { return }
            let isInput = parts.count == 4
            let version = isInput ? parts[2] : String(parts[2].dropLast(".json".count))
            let cell = Cell(
                target: branch.target, compiler: parts[0], package: PackageVersion(name: parts[1], version: version))
            if let position = position(of: cell, isInput: isInput), cells[position].record != nil {
                present.insert(position)
            } else {
                missing.append(path.description)
            }
        }
        for path in missing {
            let position = try addDocument(at: path, in: snapshot, oldest, 0, branch, to: &batch, isCurrent: true)
            if let position { present.insert(position) }
        }
        let target = texts.intern(branch.target)
        for position in cells.indices where cells[position].target == target && !present.contains(position) {
            cells[position].record = nil
        }
    }

    // MARK: Numbering

    /// Numbers the rows, oldest first, and links them to the existing ones.
    private mutating func link(_ batch: inout Batch) throws {
        let (known, count) = (history.count, batch.rows.count)
        guard count > 0 else { return }
        func number(_ position: UInt32) -> HistoryRow.Number { HistoryRow.Number(known + count - 1 - Int(position)) }
        for position in 0..<count {
            let row = batch.rows[position]
            batch.rows[position].before = row.before == HistoryRow.none ? cells[Int(row.cell)].row : number(row.before)
        }
        for position in batch.newest { cells[Int(batch.rows[position].cell)].row = number(UInt32(position)) }
        var rows = batch.rows
        batch.rows = RowBatch()
        rows.reverse()
        func row(_ number: HistoryRow.Number) throws(IndexDamage) -> HistoryRow {
            Int(number) < known ? try history[number] : rows[Int(number) - known]
        }
        for position in 0..<count {
            rows[position].since = HistoryRow.Number(known + position)
            let new = rows[position]
            if new.before != HistoryRow.none, try row(new.before).isEquivalent(to: new) {
                rows[position].since = try row(new.before).since
            }
            if new.changeCode == 0, let outcome = new.outcome {
                rows[position].changeCode = ResultChange(from: try lastVerdict(before: new, row), to: outcome).code
            }
        }
        for position in batch.newest {
            let newest = rows[count - 1 - position]
            let since = try row(newest.since)
            let cell = Int(newest.cell)
            cells[cell].record?.changeCode = newest.changeCode
            cells[cell].record?.sinceRun = since.run
            cells[cell].record?.sinceTime = since.time
        }
        history.add(rows)
    }

    /// The last verdict before a row.
    private func lastVerdict(
        before row: HistoryRow, _ rows: (HistoryRow.Number) throws(IndexDamage) -> HistoryRow
    ) throws(IndexDamage) -> Outcome? {
        var number = row.before
        while number != HistoryRow.none {
            let before = try rows(number)
            if before.isVerdict { return before.outcome }
            number = before.before
        }
        return nil
    }
}

/// A branch does not continue the history in the index, which must be rebuilt.
struct IndexOutdated: Error {}

/// The parts of a commit object that an index reads.
struct RecordingCommit {
    let message: UnsafeRawBufferPointer
    /// Seconds since 1970.
    let time: UInt32

    init?(_ contents: UnsafeRawBufferPointer) {
        var position = 0
        var time: UInt32?
        while position < contents.count {
            let end = contents[position...].firstIndex(of: UInt8(ascii: "\n")) ?? contents.count
            if end == position { break }
            if contents[position..<end].starts(with: "committer ".utf8) {
                time = Self.time(of: contents[position..<end])
            }
            position = end + 1
        }
        guard let time, position < contents.count else { return nil }
        self.time = time
        message = UnsafeRawBufferPointer(rebasing: contents[(position + 1)...])
    }

    private static func time(of line: Slice<UnsafeRawBufferPointer>) -> UInt32? {
        guard let close = line.lastIndex(of: UInt8(ascii: ">")) else { return nil }
        let digits = line[(close + 1)...].drop { $0 == UInt8(ascii: " ") }.prefix { $0 != UInt8(ascii: " ") }
        return UInt32(String(decoding: digits, as: UTF8.self))
    }
}
