//! Classification of middleboxes and the success of traversal.
