"""What is wrong with a model, in layers: metamodel, references, structure, executability, likely mistakes."""
