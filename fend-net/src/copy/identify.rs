//! Whether a value of some generic type is one of our sockets.
//!
//! `copy` takes any reader and writer, by value or by reference. `Any` would ask that the types be `'static`, which excludes
//! `&TcpStream` and halves that are borrowed; so types are compared without their lifetimes.
//!
//! # Rules that the SAFETY comments cite
//!
//! 1. Types that have the same [`TypeId`] when all lifetimes are erased are the same type but for lifetimes. So a
//!    reader that wraps a socket is never taken for the socket: it is another type.
//! 2. A value lent for `'v` has lifetimes that last for `'v` at least. `Of<'v>` of a [`Family`] is the same type with all of
//!    them cut down to `'v`, has no interior mutability through which a shorter lifetime could be put into it, and is
//!    lent by shared reference only.
//! 3. An object of a trait without methods that a value of any lifetime may implement is called with none of the value's data:
//!    its only method takes the receiver's type from the vtable.
#![expect(unsafe_code, reason = "types with lifetimes have no TypeId in safe code")]

use std::any::TypeId;
use std::marker::PhantomData;
use std::mem;

use crate::stream::{ByteStream, ReadHalf, WriteHalf};

/// A type for each lifetime, equal but for that lifetime.
///
/// # Safety
///
/// As rule 2 says of `Of`.
unsafe trait Family {
    type Of<'v>: 'v
    where
        Self: 'v;
}

/// A type without lifetimes, and what `copy` may be given in place of it.
struct Itself<T>(PhantomData<T>);
struct Ref<F>(PhantomData<F>);
struct Mut<F>(PhantomData<F>);
struct Boxed<F>(PhantomData<F>);
struct ReadHalves<S>(PhantomData<S>);
struct WriteHalves<S>(PhantomData<S>);

// SAFETY: rule 2: there is no lifetime in it.
unsafe impl<T: 'static> Family for Itself<T> {
    type Of<'v> = T;
}

// SAFETY: rule 2: a reference has no interior mutability of its own.
unsafe impl<F: Family + 'static> Family for Ref<F> {
    type Of<'v> = &'v F::Of<'v>;
}

// SAFETY: rule 2, as above; through the shared reference to it nothing can be written.
unsafe impl<F: Family + 'static> Family for Mut<F> {
    type Of<'v> = &'v mut F::Of<'v>;
}

// SAFETY: rule 2, as above.
unsafe impl<F: Family + 'static> Family for Boxed<F> {
    type Of<'v> = Box<F::Of<'v>>;
}

// SAFETY: rule 2: a half is a shared reference to a stream, which has no lifetimes itself.
unsafe impl<S: ByteStream> Family for ReadHalves<S> {
    type Of<'v> = ReadHalf<'v, S>;
}

// SAFETY: rule 2, as above.
unsafe impl<S: ByteStream> Family for WriteHalves<S> {
    type Of<'v> = WriteHalf<'v, S>;
}

/// `value`, when it is a `U`, or a reference to one, or a box of one.
pub(super) fn find<T, U: 'static>(value: &T) -> Option<&U> {
    type Me<U> = Itself<U>;
    None.or_else(|| same::<T, Me<U>>(value))
        .or_else(|| same::<T, Ref<Me<U>>>(value).map(|found| &**found))
        .or_else(|| same::<T, Mut<Me<U>>>(value).map(|found| &**found))
        .or_else(|| same::<T, Mut<Ref<Me<U>>>>(value).map(|found| &***found))
        .or_else(|| same::<T, Mut<Mut<Me<U>>>>(value).map(|found| &***found))
        .or_else(|| same::<T, Boxed<Me<U>>>(value).map(|found| &**found))
}

/// [`find`], for a half that borrows its stream.
pub(super) fn find_read_half<T, S: ByteStream>(value: &T) -> Option<&ReadHalf<'_, S>> {
    same::<T, ReadHalves<S>>(value).or_else(|| same::<T, Mut<ReadHalves<S>>>(value).map(|found| &**found))
}

/// [`find`], for a half that borrows its stream.
pub(super) fn find_write_half<T, S: ByteStream>(value: &T) -> Option<&WriteHalf<'_, S>> {
    same::<T, WriteHalves<S>>(value).or_else(|| same::<T, Mut<WriteHalves<S>>>(value).map(|found| &**found))
}

fn same<'v, T, F: Family + 'static>(value: &'v T) -> Option<&'v F::Of<'v>>
where
    F::Of<'static>: 'static,
{
    if type_id::<T>() != TypeId::of::<F::Of<'static>>() {
        return None;
    }
    // SAFETY: rules 1 and 2.
    Some(unsafe { &*(&raw const *value).cast::<F::Of<'v>>() })
}

/// The [`TypeId`] of `T` with all lifetimes erased.
fn type_id<T>() -> TypeId {
    trait Known {
        fn type_id(&self) -> TypeId
        where
            Self: 'static;
    }

    impl<T> Known for PhantomData<T> {
        fn type_id(&self) -> TypeId
        where
            Self: 'static,
        {
            TypeId::of::<T>()
        }
    }

    let known: PhantomData<T> = PhantomData;
    let known: &dyn Known = &known;
    // SAFETY: rule 3. The object holds no data, and only its method is called, here.
    let known = unsafe { mem::transmute::<&dyn Known, &(dyn Known + 'static)>(known) };
    known.type_id()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tcp::TcpStream;

    #[test]
    fn lifetimes_do_not_matter() {
        fn check<'a>(value: &'a u32, other: &mut &'a u32) {
            assert_eq!(find::<&'a u32, u32>(&value), Some(value));
            assert_eq!(find::<_, u32>(&other).copied(), Some(**other));
            assert_eq!(type_id::<&'a u32>(), type_id::<&'static u32>());
        }
        let one = 1;
        check(&one, &mut &2);
    }

    #[test]
    fn values_references_and_boxes_are_found() {
        let mut one = 1_u32;
        assert_eq!(find::<u32, u32>(&one), Some(&1));
        assert_eq!(find::<&u32, u32>(&&one), Some(&1));
        assert_eq!(find::<&mut &u32, u32>(&&mut &one), Some(&1));
        assert_eq!(find::<&mut u32, u32>(&&mut one), Some(&1));
        assert_eq!(find::<&mut &mut u32, u32>(&&mut &mut one), Some(&1));
        assert_eq!(find::<Box<u32>, u32>(&Box::new(1)), Some(&1));
    }

    #[test]
    fn others_are_not() {
        struct Wrapper(#[expect(dead_code, reason = "only its type matters")] u32);
        struct Borrows<'a>(#[expect(dead_code, reason = "only its type matters")] &'a u32);
        assert_eq!(find::<_, u32>(&Wrapper(1)), None);
        assert_eq!(find::<_, u32>(&Borrows(&1)), None);
        assert_eq!(find::<_, u32>(&Some(1_u32)), None);
        assert_eq!(find::<_, u32>(&1_i32), None);
        assert_eq!(find::<_, u32>(&&1_i32), None);
        assert!(find_read_half::<_, TcpStream>(&1_u32).is_none());
    }
}
