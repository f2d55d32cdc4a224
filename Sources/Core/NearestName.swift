/// The candidate nearest to a misspelt name, for "did you mean …", if at most a third of its letters differ.
///
/// - Complexity: O(candidates × letters²), by the algorithm of Wagner and Fischer.
public func nearest<Names: Collection<String>>(to typed: String, in candidates: Names) -> String? {
    let typedLetters = Array(typed.lowercased())
    var best: (distance: Int, name: String)?
    for name in candidates {
        let distance = editDistance(typedLetters, Array(name.lowercased()))
        if distance <= max(1, max(typedLetters.count, name.count) / 3), distance < best?.distance ?? .max {
            best = (distance, name)
        }
    }
    return best?.name
}

private func editDistance(_ left: [Character], _ right: [Character]) -> Int {
    var row = Array(0...right.count)
    for (i, a) in left.enumerated() {
        var diagonal = row[0]
        row[0] = i + 1
        for (j, b) in right.enumerated() {
            let substituted = diagonal + (a == b ? 0 : 1)
            diagonal = row[j + 1]
            row[j + 1] = min(substituted, diagonal + 1, row[j] + 1)
        }
    }
    return row[right.count]
}
