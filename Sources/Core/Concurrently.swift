/// The results of `transform` for all elements, in their order, made on all processors.
package func concurrently<Element: Sendable, Result: Sendable>(
    _ elements: [Element], _ transform: @escaping @Sendable (Int, Element) async throws -> Result
) async throws -> [Result] {
    try await withThrowingTaskGroup(of: (Int, Result).self) { group in
        for (index, element) in elements.enumerated() {
            group.addTask { (index, try await transform(index, element)) }
        }
        var results: [Result?] = Array(repeating: nil, count: elements.count)
        for try await (index, result) in group { results[index] = result }
        return results.compactMap(\.self)
    }
}
